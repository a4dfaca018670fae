"""What is weighed, chosen, and recorded of what was not."""

from __future__ import annotations

from msgspec.structs import replace

from config.policy import ActionPolicy, Policy, default_policy
from streams.contracts.events.action import ActionRequested, ApprovalGiven
from streams.contracts.events.agent import AgentRegistered
from streams.contracts.events.finding import FindingChanged, FindingRaised
from tests.properties.loop import LABELS, Loop


def anomaly(loop: Loop, agent: str, finding_id: str = "odd", severity: str = "warning") -> None:
    data = FindingRaised(finding_id, "anomaly", severity, "cpu_usage", 97.0, 10.0, 40.0, loop.now,
                         "odd", 1, agent_type="service", labels=LABELS)  # fmt: skip
    loop.send("finding.raised", f"default/{agent}", data)
    loop.pump()


def with_action(name: str, action: ActionPolicy, version: int = 2) -> Policy:
    policy = default_policy()
    return replace(policy, version=version, actions={**policy.actions, name: action})


def test_losers_are_recorded_with_scores_and_reason() -> None:
    loop = Loop()
    loop.down("web", "f1")
    loop.pump()
    data = loop.events("action.proposed")[0].data
    by_name = {candidate["action"]: candidate for candidate in data["candidates"]}
    assert by_name["service.restart"]["rejected"] == ""
    assert by_name["service.kill_stuck"]["rejected"] == "ranked_lower"
    assert by_name["service.restart"]["expected_value"] == 0.9
    assert by_name["service.restart"]["score"] == 0.75
    assert data["policy_version"] == 1
    assert data["finding_id"] == loop.events("action.proposed")[0].correlationid == "f1"


def test_two_findings_of_one_target_lead_to_one_action() -> None:
    loop = Loop()
    loop.down("web", "f1")
    anomaly(loop, "web")
    assert len(loop.commands()) == 1
    reasons = [event.data["reason"] for event in loop.events("action.withheld")]
    assert reasons == ["no_candidate"]


def test_a_fix_is_proven_though_another_finding_stays_open() -> None:
    loop = Loop()
    anomaly(loop, "web")
    for number in range(4):
        loop.down("web", f"f{number}")
        loop.pump()
        loop.finish(loop.commands()[-1])
        loop.up("web", f"f{number}")
        loop.pump()
        loop.tick(11)
    assert [command.attempt for command in loop.commands()] == [1, 1, 1, 1]


def test_an_anomaly_nobody_can_answer_is_recorded_once_not_at_each_tick() -> None:
    loop = Loop()
    anomaly(loop, "web")
    loop.tick(120)
    assert [e.data["reason"] for e in loop.events("action.withheld")] == ["no_candidate"]


def test_what_is_withheld_for_the_same_reason_is_not_told_at_each_news_of_the_target() -> None:
    loop = Loop()
    anomaly(loop, "web")
    for value in (98.0, 99.0):
        news = FindingChanged("odd", "anomaly", "warning", "cpu_usage", value, "odder")
        loop.send("finding.changed", "default/web", news)
        loop.pump()
    assert len(loop.events("action.withheld")) == 1


def test_an_action_that_is_only_observed_is_withheld_by_that_name() -> None:
    observe = {
        name: replace(action, mode="observe") for name, action in default_policy().actions.items()
    }
    loop = Loop(replace(default_policy(), version=2, actions=observe))
    loop.down("web", "f1")
    loop.tick(30)
    withheld = loop.events("action.withheld")
    assert [event.data["reason"] for event in withheld] == ["observe"]
    assert withheld[0].data["candidates"]
    assert not loop.events("action.proposed")


def test_an_action_of_critical_risk_always_waits_for_a_person() -> None:
    risky = replace(default_policy().actions["service.restart"], risk=0.71)
    policy = with_action("service.restart", risky)
    only = replace(policy, actions={"service.restart": risky})
    loop = Loop(only)
    loop.down("web", "f1")
    loop.pump()
    assert not loop.commands()
    awaiting = loop.events("action.awaiting_approval")[0].data
    answer = ApprovalGiven(awaiting["action_id"], approved=True, by="ada",
                           preview_hash=awaiting["preview_hash"])  # fmt: skip
    loop.send("action.approval_given", "default/web", answer)
    loop.pump()
    assert [command.action for command in loop.commands()] == ["service.restart"]
    assert loop.events("action.granted")[0].data["approved_by"] == "ada"


def test_what_waits_for_a_person_does_not_hold_up_the_next_best() -> None:
    better = ActionPolicy(mode="approve", answers=["service_down"], agent_types=["service"],
                          improvement=1.0, success_prior=(99.0, 1.0), risk=0.1)  # fmt: skip
    loop = Loop(with_action("service.replace", better))
    loop.down("web", "f1")
    loop.pump()
    assert [e.data["action"] for e in loop.events("action.awaiting_approval")] == [
        "service.replace"
    ]
    assert [command.action for command in loop.commands()] == ["service.restart"]


def approval_first(loop: Loop) -> str:
    """Let a service die where a restart waits for a person; return the id of what waits."""
    loop.down("web", "f1")
    loop.pump()
    (waiting,) = loop.events("action.awaiting_approval")
    assert (waiting.data["action"], loop.commands()) == ("service.restart", [])
    return str(waiting.data["action_id"])


ASKED = replace(default_policy().actions["service.restart"], mode="approve")


def test_a_stronger_form_is_no_way_around_a_persons_answer() -> None:
    loop = Loop(with_action("service.restart", ASKED))
    action_id = approval_first(loop)
    (proposed,) = loop.events("action.proposed")
    by_name = {each["action"]: each for each in proposed.data["candidates"]}
    assert by_name["service.kill_stuck"]["mode"] == "approve"
    loop.send("action.approval_given", "default/web", ApprovalGiven(action_id, False, "ada", "no"))
    loop.tick(600)
    assert loop.commands() == []
    last = loop.events("action.withheld")[-1].data
    assert last["reason"] == "rejected_by_person"
    assert {each["rejected"] for each in last["candidates"]} == {"rejected_by_person"}


def test_after_the_gentler_form_was_tried_a_person_is_asked_for_the_stronger() -> None:
    loop = Loop(with_action("service.restart", ASKED))
    approval_first(loop)
    for _ in range(default_policy().limits.same_fix_tries):
        action_id = loop.events("action.awaiting_approval")[-1].data["action_id"]
        given = ApprovalGiven(action_id, True, "ada")
        loop.send("action.approval_given", "default/web", given)
        loop.pump()
        loop.finish(loop.commands()[-1], "failed")
        loop.tick(400)
    assert {command.action for command in loop.commands()} == {"service.restart"}
    asked = [event.data["action"] for event in loop.events("action.awaiting_approval")]
    assert asked[2:] == ["service.kill_stuck", "service.restart"]


def test_what_a_person_rejected_is_not_proposed_again_for_the_same_trouble() -> None:
    risky = replace(default_policy().actions["service.restart"], mode="approve")
    loop = Loop(replace(default_policy(), version=2, actions={"service.restart": risky}))
    loop.down("web", "f1")
    loop.pump()
    action_id = loop.events("action.awaiting_approval")[0].data["action_id"]
    answer = ApprovalGiven(action_id, approved=False, by="ada", reason="no")
    loop.send("action.approval_given", "default/web", answer)
    loop.tick(600)
    assert len(loop.events("action.proposed")) == 1
    assert loop.events("action.withheld")[-1].data["reason"] == "rejected_by_person"


def test_outcomes_move_the_success_probability() -> None:
    loop = Loop()
    for number in range(6):
        loop.down("web", f"f{number}")
        loop.pump()
        loop.finish(loop.commands()[-1], "failed")
        loop.up("web", f"f{number}")
        loop.tick(400)
    probabilities = [
        next(c["success_probability"] for c in event.data["candidates"]
             if c["action"] == "service.restart")
        for event in loop.events("action.proposed")
    ]  # fmt: skip
    assert probabilities == sorted(probabilities, reverse=True)
    assert probabilities[-1] < probabilities[0]
    learnt = [w.state.inner.learnt.get("service.restart|service") for w in loop.deciders]
    record = next(record for record in learnt if record)
    assert record.failures == sum(c.action == "service.restart" for c in loop.commands())
    assert record.predicted_sum > record.successes


def test_a_request_of_a_person_starts_what_is_otherwise_only_proposed() -> None:
    loop = Loop()
    request = ActionRequested("service.stop", "default/web", {"grace_s": 1}, "ada")
    loop.send("action.requested", "default/web", request)
    loop.pump()
    refused = loop.events("action.refused")[0].data
    assert refused["reason"] == "unknown_host"
    assert "label host" in refused["detail"]


def test_automation_does_not_start_again_what_a_person_stopped() -> None:
    loop = Loop()
    known = AgentRegistered("web", "service", provisional=False, labels=LABELS)
    loop.send("agent.registered", "default/web", known)

    def ask(action: str) -> None:
        request = ActionRequested(action, "default/web", {}, "ada")
        loop.send("action.requested", "default/web", request)
        loop.pump()

    ask("service.stop")
    loop.finish(loop.commands()[0])
    loop.pump()
    loop.down("web", "f1")
    loop.tick(3600)
    assert [command.action for command in loop.commands()] == ["service.stop"]
    assert [e.data["reason"] for e in loop.events("action.withheld")] == ["stopped_on_request"]
    ask("service.start")
    loop.finish(loop.commands()[1])
    loop.up("web", "f1")
    loop.down("web", "f2")
    loop.pump()
    assert [c.action for c in loop.commands()] == [
        "service.stop",
        "service.start",
        "service.restart",
    ]


def test_what_somebody_started_by_hand_is_healed_again() -> None:
    loop = Loop()
    known = AgentRegistered("web", "service", provisional=False, labels=LABELS)
    loop.send("agent.registered", "default/web", known)
    request = ActionRequested("service.stop", "default/web", {}, "ada")
    loop.send("action.requested", "default/web", request)
    loop.pump()
    loop.finish(loop.commands()[0])
    loop.pump()
    loop.down("web", "f1")
    loop.up("web", "f1")
    loop.down("web", "f2")
    loop.pump()
    assert [command.action for command in loop.commands()] == ["service.stop", "service.restart"]


def test_a_request_for_an_unknown_action_says_so() -> None:
    loop = Loop()
    request = ActionRequested("service.explode", "default/web", {}, "ada")
    loop.send("action.requested", "default/web", request)
    loop.pump()
    assert loop.events("action.withheld")[0].data["reason"] == "unknown_action"


def test_of_two_equally_good_actions_the_likelier_to_succeed_is_tried() -> None:
    likely = ActionPolicy(mode="auto", answers=["service_down"], agent_types=["service"],
                          improvement=1.0, success_prior=(9.0, 1.0), risk=0.1)  # fmt: skip
    doubtful = replace(likely, success_prior=(7.0, 3.0))
    actions = {"service.a": doubtful, "service.b": likely}
    loop = Loop(replace(default_policy(), version=2, actions=actions))
    loop.down("web", "f1")
    loop.pump()
    assert [command.action for command in loop.commands()] == ["service.b"]


def test_a_gentler_form_that_runs_by_itself_asks_nobody() -> None:
    loop = Loop()
    loop.down("web", "f1")
    loop.down("web", "f2")
    loop.pump()
    (withheld,) = loop.events("action.withheld")
    reasons = {each["action"]: each["rejected"] for each in withheld.data["candidates"]}
    assert withheld.data["reason"] == "target_busy"
    assert reasons["service.restart"] == "already_proposed"
    assert reasons["service.kill_stuck"] == "ranked_lower"


def test_no_more_than_five_wishes_wait_on_one_target() -> None:
    loop = Loop()
    for number in range(6):
        request = ActionRequested("service.restart", "default/web", {}, f"person {number}")
        loop.send("action.requested", "default/web", request)
    known = AgentRegistered("web", "service", provisional=False, labels=LABELS)
    loop.send("agent.registered", "default/web", known)
    loop.pump()
    assert len(loop.events("action.proposed")) == 5
    (withheld,) = loop.events("action.withheld")
    assert withheld.data["reason"] == "too_many_requests"


def test_more_than_all_of_a_deviation_cannot_be_removed() -> None:
    loop = Loop()
    for number in range(2):
        loop.down("web", f"f{number}")
        loop.pump()
        loop.finish(loop.commands()[-1], evidence={"improvement": 7.0})
        loop.pump()
        loop.up("web", f"f{number}")
        loop.tick(60)
    candidates = loop.events("action.proposed")[-1].data["candidates"]
    assert max(each["improvement"] for each in candidates) <= 1.0
