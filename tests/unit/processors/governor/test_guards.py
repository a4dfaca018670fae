"""Each guard, in the situation it is for."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from config.policy import default_policy
from processors.governor.state import GovernorState
from streams.contracts.events.action import (
    ActionClaimed,
    ActionRequested,
    ApprovalGiven,
    Command,
    Preview,
    PreviewRequested,
)
from streams.contracts.events.agent import (
    AgentHealthChanged,
    AgentRegistered,
    AgentStatusChanged,
    RegistrationRequested,
)
from tests.properties.loop import LABELS, Loop


def registered(loop: Loop, agent: str, level: str = "healthy", **labels: str) -> None:
    data = AgentRegistered(agent, "service", provisional=False, labels=LABELS | labels)
    loop.send("agent.registered", f"default/{agent}", data)
    health(loop, agent, level)


def health(loop: Loop, agent: str, level: str) -> None:
    score = 100.0 if level == "healthy" else 0.0
    data = AgentHealthChanged(level, score, 0, loop.now, [])
    loop.send("agent.health_changed", f"default/{agent}", data)
    loop.pump()


def fails(loop: Loop, agent: str, **labels: str) -> None:
    health(loop, agent, "failing")
    loop.down(agent, f"down-{agent}", **labels)
    loop.pump()


def recovers(loop: Loop, agent: str) -> None:
    loop.finish(next(c for c in loop.commands() if c.target == f"default/{agent}"))
    loop.up(agent, f"down-{agent}")
    health(loop, agent, "healthy")


def asked(loop: Loop, action: str, agent: str, by: str = "ada") -> None:
    request = ActionRequested(action, f"default/{agent}", {}, by)
    loop.send("action.requested", f"default/{agent}", request)
    loop.pump()


def targets(loop: Loop) -> list[str]:
    return [command.target.partition("/")[2] for command in loop.commands()]


def reasons(loop: Loop, name: str) -> list[str]:
    return [event.data["reason"] for event in loop.events(name)]


def test_three_run_everywhere_and_two_on_a_host() -> None:
    loop = Loop()
    for number, host in enumerate(["a", "a", "a", "b", "b"]):
        loop.down(f"s{number}", f"f{number}", host=host)
        loop.pump()
    assert targets(loop) == ["s0", "s1", "s3"]
    assert reasons(loop, "action.queued") == ["host_busy", "all_slots_busy"]
    loop.finish(loop.commands()[0])
    loop.pump()
    assert targets(loop) == ["s0", "s1", "s3", "s2"]


def test_services_recover_in_dependency_order() -> None:
    loop = Loop()
    registered(loop, "db")
    registered(loop, "app", depends_on="db")
    registered(loop, "web", depends_on="app")
    for agent in ("web", "app", "db"):
        health(loop, agent, "failing")
    loop.down("web", "down-web", depends_on="app")
    loop.down("app", "down-app", depends_on="db")
    loop.down("db", "down-db")
    loop.pump()
    assert targets(loop) == ["db"]
    assert reasons(loop, "action.queued") == ["dependency:app", "dependency:db"]
    recovers(loop, "db")
    assert targets(loop) == ["db", "app"]
    recovers(loop, "app")
    assert targets(loop) == ["db", "app", "web"]


def test_dependencies_in_a_circle_do_not_wait_for_each_other() -> None:
    loop = Loop()
    registered(loop, "a", depends_on="b")
    registered(loop, "b", depends_on="a")
    health(loop, "a", "failing")
    health(loop, "b", "failing")
    loop.down("a", "fa", depends_on="b")
    loop.pump()
    assert targets(loop) == ["a"]


def test_a_dependency_nobody_heard_of_is_waited_for_shortly() -> None:
    loop = Loop()
    loop.down("a", "fa", depends_on="ghost")
    loop.pump()
    assert targets(loop) == []
    loop.tick(10)
    assert targets(loop) == ["a"]


def test_a_third_of_a_group_is_worked_on_at_once_and_always_one_in_trouble() -> None:
    loop = Loop()
    for number in range(6):
        registered(loop, f"s{number}", group="shop", host=f"h{number}")
    for number in range(6):
        fails(loop, f"s{number}", group="shop", host=f"h{number}")
    assert targets(loop) == ["s0", "s1"]
    assert set(reasons(loop, "action.queued")) == {"blast_radius"}
    recovers(loop, "s0")
    assert targets(loop) == ["s0", "s1", "s2"]


def test_the_last_healthy_one_of_a_group_is_not_taken_down() -> None:
    loop = Loop()
    registered(loop, "a", group="shop")
    registered(loop, "b", group="shop")
    health(loop, "a", "failing")
    asked(loop, "service.stop", "b")
    assert reasons(loop, "action.refused") == ["last_healthy"]
    asked(loop, "service.restart", "a")
    assert targets(loop) == ["a"]


def test_one_action_at_a_time_on_a_target() -> None:
    loop = Loop()
    registered(loop, "a")
    fails(loop, "a")
    asked(loop, "service.restart", "a")
    assert reasons(loop, "action.queued") == ["target_busy"]
    recovers(loop, "a")
    assert targets(loop) == ["a", "a"]


def test_what_recovered_before_it_began_is_left_alone() -> None:
    loop = Loop()
    registered(loop, "db")
    registered(loop, "web", depends_on="db")
    health(loop, "db", "failing")
    fails(loop, "web", depends_on="db")
    loop.tick(1)
    health(loop, "web", "healthy")
    assert targets(loop) == []
    loop.up("web", "down-web")
    health(loop, "db", "healthy")
    loop.tick(20)
    assert targets(loop) == []
    assert reasons(loop, "action.refused") == ["evidence_expired"]


def test_a_mass_failure_lets_one_probe_through_and_tells_a_person() -> None:
    loop = Loop()
    for number in range(12):
        registered(loop, f"s{number}", host=f"h{number}")
    loop.tick(10)
    for number in range(12):
        health(loop, f"s{number}", "failing")
    raised = loop.events("finding.raised")
    assert [event.data["kind"] for event in raised] == ["automation_suspended"]
    for number in range(12):
        loop.down(f"s{number}", f"down-s{number}", host=f"h{number}")
    loop.pump()
    assert len(targets(loop)) == 1
    assert reasons(loop, "action.queued")[0] == "breaker_open"
    for done in range(3):
        recovers(loop, targets(loop)[done])
    ended = [e for e in loop.events("finding.ended") if e.data["kind"] == "automation_suspended"]
    assert len(ended) == 1
    assert len(targets(loop)) == 6


def test_a_failed_probe_is_followed_by_a_pause() -> None:
    loop = Loop()
    for number in range(12):
        registered(loop, f"s{number}", host=f"h{number}")
    loop.tick(10)
    for number in range(12):
        health(loop, f"s{number}", "failing")
    for number in range(12):
        loop.down(f"s{number}", f"down-s{number}", host=f"h{number}")
    loop.pump()
    loop.finish(loop.commands()[0], "failed")
    loop.tick(25)
    assert len(targets(loop)) == 1
    loop.tick(10)
    assert len(targets(loop)) == 2


def test_what_never_was_well_is_starting_and_opens_no_breaker() -> None:
    loop = Loop()
    for number in range(12):
        registered(loop, f"s{number}", "failing")
    assert not loop.events("finding.raised")


def test_a_wait_for_a_slot_is_told_once_whichever_slot_it_is() -> None:
    loop = Loop()
    for name, host in ("a", "h1"), ("b", "h2"), ("c", "h3"), ("d", "h1"), ("e", "h1"):
        fails(loop, name, host=host)
    assert targets(loop) == ["a", "b", "c"]
    recovers(loop, "b")
    recovers(loop, "c")
    assert targets(loop) == ["a", "b", "c", "d"]  # "e" waits for its host from now on
    assert reasons(loop, "action.queued") == ["all_slots_busy", "all_slots_busy"]


def test_a_full_queue_refuses() -> None:
    limits = replace(default_policy().limits, max_queued=2, max_concurrent=1)
    loop = Loop(replace(default_policy(), version=2, limits=limits))
    for number in range(4):
        loop.down(f"s{number}", f"f{number}")
    loop.pump()
    assert len(targets(loop)) == 1
    assert reasons(loop, "action.refused") == ["queue_full"]


def test_simulation_commands_dry_runs_and_does_not_repeat_them_in_a_storm() -> None:
    limits = replace(default_policy().limits, simulation=True)
    loop = Loop(replace(default_policy(), version=2, limits=limits))
    loop.down("a", "fa")
    loop.pump()
    assert [command.dry_run for command in loop.commands()] == [True]
    for _ in range(60):
        for command in loop.commands():
            loop.finish(command, "simulated")
        loop.tick(60)
    assert 5 <= len(loop.commands()) <= 20


def test_a_running_action_without_result_is_unknown_and_gives_its_slot_back() -> None:
    loop = Loop()
    loop.down("a", "fa")
    loop.pump()
    command = loop.commands()[0]
    loop.send(
        "action.claimed",
        "default/a",
        ActionClaimed(command.action_id, command.action, "default/a", "alpha"),
    )
    loop.tick(command.timeout_s + 29)
    assert not loop.events("action.concluded")
    loop.tick(2)
    assert [e.data["outcome"] for e in loop.events("action.finished")] == ["unknown"]
    loop.finish(command)
    loop.pump()
    assert [e.data["outcome"] for e in loop.events("action.concluded")] == ["unknown"]


def test_tenants_have_limits_and_places_are_given_once() -> None:
    tenants = {"default": replace(default_policy().tenants["default"], max_agents=2)}
    loop = Loop(replace(default_policy(), version=2, tenants=tenants))

    def ask(agent: str) -> None:
        request = RegistrationRequested(agent, "service")
        loop.send("agent.registration_requested", f"default/{agent}", request)
        loop.pump()

    for agent in ("a", "b", "a", "c"):
        ask(agent)
    decided = [(e.data["agent_id"], e.data["granted"], e.data["reason"])
               for e in loop.events("agent.registration_decided")]  # fmt: skip
    assert sorted(decided) == [
        ("a", True, ""),
        ("a", True, ""),
        ("b", True, ""),
        ("c", False, "tenant_limit"),
    ]
    gone = AgentStatusChanged("offline", "decommissioned", "asked")
    loop.send("agent.status_changed", "default/a", gone)
    ask("c")
    granted = [e for e in loop.events("agent.registration_decided") if e.data["granted"]]
    assert {event.data["agent_id"] for event in granted} == {"a", "b", "c"}


def waiting_for_approval(requested_by: str = "ada") -> tuple[Loop, dict[str, object]]:
    loop = Loop()
    registered(loop, "a")
    asked(loop, "service.free_port", "a", requested_by)
    return loop, loop.events("action.awaiting_approval")[0].data


def answer(loop: Loop, waiting: dict[str, object], by: str, *, preview: str = "") -> None:
    given = ApprovalGiven(str(waiting["action_id"]), approved=True, by=by, preview_hash=preview)
    loop.send("action.approval_given", "default/a", given)
    loop.pump()


def test_nobody_approves_their_own_request() -> None:
    loop, waiting = waiting_for_approval("ada")
    answer(loop, waiting, "ada")
    assert reasons(loop, "action.approval_refused") == ["self_approval"]
    assert not loop.commands()
    answer(loop, waiting, "bob")
    assert targets(loop) == ["a"]
    answer(loop, waiting, "eve")
    assert "approval_duplicate" in reasons(loop, "action.approval_refused")
    assert targets(loop) == ["a"]


def test_an_approval_of_another_preview_does_not_count() -> None:
    loop, waiting = waiting_for_approval()
    answer(loop, waiting, "bob", preview="0" * 64)
    assert reasons(loop, "action.approval_refused") == ["approval_mismatch"]
    assert not loop.commands()


def questions(loop: Loop) -> list[Preview]:
    found = loop.events("action.preview")
    return [msgspec.convert(event.data, Preview) for event in found]


def test_whoever_is_asked_is_shown_what_would_be_commanded() -> None:
    loop, waiting = waiting_for_approval()
    (asked,) = questions(loop)
    answer(loop, waiting, "bob")
    (command,) = loop.commands()
    of_the_moment = {"expires_at": asked.command.expires_at}
    assert replace(command, **of_the_moment) == asked.command
    assert asked.preview_hash == waiting["preview_hash"]
    assert asked.command.expires_at == waiting["expires_at"]


def test_what_waits_can_be_looked_at_anew_and_nothing_else() -> None:
    loop, waiting = waiting_for_approval()
    for action_id in (str(waiting["action_id"]), "nothing"):
        loop.send("action.preview_requested", "default/a", PreviewRequested(action_id, "bob"))
        loop.pump()
    assert len(questions(loop)) == 2
    assert len({event.id for event in loop.events("action.preview")}) == 2
    answer(loop, waiting, "bob")
    asked = PreviewRequested(str(waiting["action_id"]), "bob")
    loop.send("action.preview_requested", "default/a", asked)
    loop.pump()
    told = [(e.data["action_id"], e.data["detail"]) for e in loop.events("action.preview_refused")]
    assert told == [
        ("nothing", "no such action waits for an answer"),
        (waiting["action_id"], "the action is running"),
    ]
    assert len(questions(loop)) == 2


def test_an_approval_of_just_what_was_seen_binds_the_executor_even_after_a_queue() -> None:
    loop, waiting = waiting_for_approval()
    fails(loop, "a")
    exactly = ApprovalGiven(str(waiting["action_id"]), True, "bob", seen="digest", exactly=True)
    loop.send("action.approval_given", "default/a", exactly)
    loop.pump()
    assert not loop.events("action.carry_out")
    recovers(loop, "a")
    (bound,) = loop.events("action.carry_out")
    assert bound.data["exactly"] == "digest"
    assert bound.data["command"]["action_id"] == waiting["action_id"]
    loop.finish(msgspec.convert(bound.data["command"], Command))
    loop.pump()
    assert loop.events("action.concluded")[-1].data["action_id"] == waiting["action_id"]


def test_an_approval_expires_and_a_late_or_unknown_one_is_recorded() -> None:
    loop, waiting = waiting_for_approval()
    loop.tick(3601)
    assert reasons(loop, "action.refused") == ["approval_expired"]
    answer(loop, waiting, "bob")
    answer(loop, {"action_id": "nothing"}, "bob")
    assert reasons(loop, "action.approval_refused") == ["approval_late", "approval_unknown"]
    assert not loop.commands()


def test_a_policy_that_changed_since_the_question_refuses_the_action() -> None:
    loop, waiting = waiting_for_approval()
    loop.policy(replace(default_policy(), version=2))
    answer(loop, waiting, "bob")
    assert reasons(loop, "action.refused") == ["policy_changed"]
    assert not loop.commands()


def test_all_guards_run_again_when_the_approval_arrives() -> None:
    loop, waiting = waiting_for_approval()
    fails(loop, "a")
    answer(loop, waiting, "bob")
    assert reasons(loop, "action.queued") == ["target_busy"]
    recovers(loop, "a")
    assert [c.action for c in loop.commands()] == ["service.restart", "service.free_port"]
    assert loop.events("action.granted")[-1].data["approved_by"] == "bob"


def test_what_was_approved_as_a_simulation_is_not_done_for_real() -> None:
    loop = Loop()
    simulated = replace(default_policy().limits, simulation=True)
    loop.policy(replace(default_policy(), version=2, limits=simulated))
    registered(loop, "a")
    asked(loop, "service.free_port", "a", "ada")
    fails(loop, "a")
    answer(loop, loop.events("action.awaiting_approval")[0].data, "bob")
    assert reasons(loop, "action.queued") == ["target_busy"]
    loop.policy(replace(default_policy(), version=3))
    recovers(loop, "a")
    assert reasons(loop, "action.refused") == ["policy_changed"]
    assert [c.action for c in loop.commands()] == ["service.restart"]


def moved(loop: Loop, agent: str, previous: str, status: str) -> None:
    data = AgentStatusChanged(previous, status, "requested")
    loop.send("agent.status_changed", f"default/{agent}", data)
    loop.pump()


def test_nothing_is_done_during_maintenance_and_what_waits_is_done_after_it() -> None:
    loop = Loop()
    registered(loop, "web")
    moved(loop, "web", "active", "maintenance")
    fails(loop, "web")
    assert targets(loop) == []
    assert reasons(loop, "action.queued") == ["in_maintenance"]
    moved(loop, "web", "maintenance", "active")
    assert targets(loop) == ["web"]


def test_a_person_may_act_on_what_is_in_maintenance() -> None:
    loop = Loop()
    registered(loop, "web")
    moved(loop, "web", "active", "maintenance")
    asked(loop, "service.restart", "web")
    assert targets(loop) == ["web"]


def test_the_quarantined_is_left_to_people() -> None:
    loop = Loop()
    registered(loop, "web")
    moved(loop, "web", "active", "quarantined")
    fails(loop, "web")
    assert targets(loop) == []
    assert reasons(loop, "action.refused") == ["quarantined"]


def test_of_what_ended_the_latest_thousand_are_remembered() -> None:
    loop = Loop()
    fails(loop, "a")
    (work,) = next(w for w in loop.workers() if w.step.name == "governor").state.inner.work.values()
    state = GovernorState()
    for number in range(1001):
        state.work[f"action-{number}"] = work
        state.end(f"action-{number}", "finished")
    state.end("never-known", "finished")
    assert (len(state.ended), state.ended[0][0]) == (1000, "action-1")
    assert state.ended[-1] == ("action-1000", "finished")
