"""The governor where one more, one second later, or another person makes the difference."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from config.policy import Policy, default_policy
from streams.contracts.events.action import ActionProposed, ApprovalGiven
from streams.contracts.events.agent import AgentStatusChanged
from streams.contracts.events.finding import FindingRaised
from tests.properties.loop import LABELS, Loop
from tests.unit.processors.governor.test_guards import (
    answer,
    asked,
    fails,
    health,
    reasons,
    recovers,
    registered,
    targets,
    waiting_for_approval,
)


def limited(**limits: float) -> Policy:
    """Return the shipped policy with other limits."""
    policy = default_policy()
    return replace(policy, version=2, limits=replace(policy.limits, **limits))


def suspended(loop: Loop, agents: int, failing: int) -> bool:
    """Let some of a tenant's agents fall at once; say whether that opens its breaker."""
    for number in range(agents):
        registered(loop, f"s{number}", host=f"h{number}")
    loop.tick(10)
    for number in range(failing):
        health(loop, f"s{number}", "failing")
    kinds = [event.data["kind"] for event in loop.events("finding.raised")]
    return "automation_suspended" in kinds


def test_the_breaker_opens_at_its_least_number_and_at_its_share_and_not_before() -> None:
    assert not suspended(Loop(), 12, 9)
    assert suspended(Loop(), 12, 10)
    assert not suspended(Loop(), 24, 11)
    assert suspended(Loop(), 24, 12)


def test_a_person_acts_past_an_open_breaker() -> None:
    loop = Loop()
    assert suspended(loop, 12, 12)
    for agent in ("s0", "s1"):
        loop.down(agent, f"down-{agent}", host=agent)
    loop.pump()
    (probed,) = targets(loop)
    asked(loop, "service.restart", "s2")
    assert targets(loop) == [probed, "s2"]


def test_another_tenants_group_of_the_same_name_is_another_group() -> None:
    loop = Loop()
    registered(loop, "a", group="shop")
    down = FindingRaised("theirs", "service_down", "critical", "up", 0.0, 1.0, None, loop.now, "",
                         1, agent_type="service", labels=LABELS | {"group": "shop"})  # fmt: skip
    loop.send("finding.raised", "other/a", down)
    loop.pump()
    fails(loop, "a", group="shop")
    assert [command.target for command in loop.commands()] == ["other/a", "default/a"]


def test_an_answer_comes_too_late_in_the_moment_in_which_the_question_expires() -> None:
    loop, waiting = waiting_for_approval()
    loop.now += default_policy().limits.approval_ttl_s
    answer(loop, waiting, "bob")
    assert reasons(loop, "action.approval_refused") == ["approval_late"]
    assert loop.commands() == []


def test_who_asked_may_withdraw_whatever_preview_they_saw() -> None:
    loop, waiting = waiting_for_approval("ada")
    no = ApprovalGiven(str(waiting["action_id"]), False, "ada", "no more", preview_hash="0" * 64)
    loop.send("action.approval_given", "default/a", no)
    loop.pump()
    assert reasons(loop, "action.refused") == ["rejected"]
    assert reasons(loop, "action.approval_refused") == []


def test_what_was_approved_and_never_had_a_slot_expires_as_an_approval() -> None:
    loop = Loop(limited(max_concurrent=0))
    registered(loop, "a")
    asked(loop, "service.free_port", "a")
    answer(loop, loop.events("action.awaiting_approval")[0].data, "bob")
    assert reasons(loop, "action.queued") == ["all_slots_busy"]
    loop.tick(3601)
    assert reasons(loop, "action.refused") == ["approval_expired"]


def test_no_more_than_may_wait_do_wait_for_a_person() -> None:
    loop = Loop(limited(max_queued=1))
    for agent in ("a", "b"):
        registered(loop, agent)
        asked(loop, "service.free_port", agent)
    assert len(loop.events("action.awaiting_approval")) == 1
    assert reasons(loop, "action.refused") == ["queue_full"]


def test_the_breakers_share_is_of_the_agents_that_are_there() -> None:
    loop = Loop()
    for number in range(24):
        registered(loop, f"s{number}")
    for number in range(20, 24):
        gone = AgentStatusChanged("offline", "decommissioned", "asked")
        loop.send("agent.status_changed", f"default/s{number}", gone)
    loop.tick(10)
    for number in range(10):
        health(loop, f"s{number}", "failing")
    (raised,) = loop.events("finding.raised")
    assert (raised.data["kind"], raised.data["value"]) == ("automation_suspended", 0.5)


def test_a_circle_further_down_is_waited_for_like_any_dependency() -> None:
    loop = Loop()
    needs = {"web": "db", "db": "disk", "disk": "db"}
    for agent, needed in needs.items():
        registered(loop, agent, depends_on=needed)
    for agent, needed in needs.items():
        fails(loop, agent, depends_on=needed)
    assert targets(loop) == ["db", "disk"]
    assert "dependency:db" in reasons(loop, "action.queued")


def test_a_proposal_that_comes_again_after_its_action_has_ended_is_a_copy() -> None:
    loop = Loop()
    fails(loop, "a")
    recovers(loop, "a")
    (proposed,) = loop.events("action.proposed")
    again = msgspec.convert(proposed.data, ActionProposed)
    loop.send("action.proposed", "default/a", again)
    loop.pump()
    assert targets(loop) == ["a"]
