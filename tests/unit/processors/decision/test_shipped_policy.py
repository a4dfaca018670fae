"""The policy that ships: every action can fire; and what its presets let through."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from config.actions import forms
from config.policy import ActionPolicy, Policy, PolicyError, default_policy, load_preset
from processors.decision.candidates import candidate
from processors.decision.state import Learnt
from streams.contracts.events.action import ActionRequested, ApprovalGiven
from streams.contracts.events.agent import AgentRegistered
from streams.contracts.events.finding import FindingRaised
from tests.properties.loop import LABELS, Loop

SHIPPED = default_policy().actions
ANSWERING = sorted(name for name, action in SHIPPED.items() if action.answers)
ON_REQUEST = sorted(set(SHIPPED) - set(ANSWERING))


def finding(kind: str, agent_type: str) -> FindingRaised:
    kind, _, metric = kind.partition(":")
    return FindingRaised("f", kind, "critical", metric, 1.0, None, None, 0.0, kind, 1,
                         agent_type=agent_type, labels=LABELS)  # fmt: skip


def alone(name: str, policy: Policy) -> Policy:
    """Return a policy in which nothing but `name` answers."""
    gentler = forms(name, policy.actions)[1:]
    actions = {each: replace(policy.actions[each], answers=[]) for each in gentler}
    actions[name] = policy.actions[name]
    return replace(policy, version=policy.version + 1, actions=actions)


def approve_all(loop: Loop) -> None:
    for event in loop.events("action.awaiting_approval"):
        given = ApprovalGiven(event.data["action_id"], approved=True, by="bob")
        loop.send("action.approval_given", event.subject, given)
    loop.pump()


@pytest.mark.parametrize("name", ANSWERING)
def test_every_action_that_answers_a_finding_fires(name: str) -> None:
    action = SHIPPED[name]
    agent_type = action.agent_types[0]
    for kind in action.answers:
        loop = Loop(alone(name, default_policy()))
        loop.send("finding.raised", "default/it", finding(kind, agent_type))
        loop.pump()
        waits = bool(loop.events("action.awaiting_approval"))
        assert waits is (action.mode != "auto")
        approve_all(loop)
        (command,) = loop.commands()
        assert command.action == name
        assert command.host == ("it" if agent_type == "host" else "alpha")
        assert command.timeout_s == action.timeout_s


@pytest.mark.parametrize("name", ON_REQUEST)
def test_every_other_action_fires_when_a_person_asks(name: str) -> None:
    loop = Loop()
    known = AgentRegistered("it", SHIPPED[name].agent_types[0], provisional=False, labels=LABELS)
    loop.send("agent.registered", "default/it", known)
    loop.send("action.requested", "default/it", ActionRequested(name, "default/it", {}, "ada"))
    loop.pump()
    approve_all(loop)
    assert [command.action for command in loop.commands()] == [name]


def passing(policy: Policy) -> set[str]:
    weighed = (
        candidate(name, policy, Learnt())
        for name, action in policy.actions.items()
        if action.answers
    )
    return {found.action for found in weighed if not found.rejected}


def test_the_shipped_rule_lets_every_answer_through() -> None:
    assert passing(default_policy()) == set(ANSWERING)


def test_the_literal_rule_lets_hardly_anything_through() -> None:
    assert passing(load_preset("literal")) == {"service.restart"}


def test_the_cautious_preset_only_simulates() -> None:
    cautious = load_preset("cautious")
    assert cautious.limits.minimum_expected_value == 0.10
    assert cautious.surveillance == default_policy().surveillance
    risky = {"service.restart": replace(cautious.actions["service.restart"], risk=0.51)}
    found = candidate("service.restart", replace(cautious, actions=risky), Learnt())
    assert found.rejected == "risk_too_high"
    just = {"service.restart": replace(cautious.actions["service.restart"], risk=0.5)}
    assert cautious.limits.maximum_risk == 0.5
    found = candidate("service.restart", replace(cautious, actions=just), Learnt())
    assert found.rejected != "risk_too_high"
    loop = Loop(cautious)
    loop.send("finding.raised", "default/it", finding("service_down", "service"))
    loop.pump()
    assert [command.dry_run for command in loop.commands()] == [True]


def test_an_unknown_preset_names_those_that_exist() -> None:
    with pytest.raises(PolicyError, match="use one of cautious, literal"):
        load_preset("reckless")


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (ActionPolicy(improvement=0.04, success_prior=(1, 0), risk=0.0), "expected_value_too_low"),
        (ActionPolicy(improvement=0.2, success_prior=(1, 0), risk=0.4), "risk_outweighs_value"),
        (ActionPolicy(improvement=0.2, success_prior=(1, 0), risk=0.39), ""),
        (ActionPolicy(improvement=0.05, success_prior=(1, 0), risk=0.0), ""),
        (ActionPolicy(mode="observe"), "observe"),
    ],
)
def test_the_rule_at_its_edges(action: ActionPolicy, reason: str) -> None:
    policy = replace(default_policy(), actions={"a": action})
    assert candidate("a", policy, Learnt()).rejected == reason
