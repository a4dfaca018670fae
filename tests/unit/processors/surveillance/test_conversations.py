from __future__ import annotations

import msgspec
from msgspec.structs import replace

from config.policy import default_policy, policy_hash
from processors.step import Sealer
from streams.contracts.events.agent import LifecycleRequested
from streams.contracts.events.system import PolicyChanged
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Record
from tests.unit.processors.surveillance.test_step import Partition, events, only

SECRET = "Tr0ub4dor&3"
LEAK = {"conversation_id": "c-1", "text": f"password={SECRET}"}


def put_in_force(p: Partition, at: float, version: int, **changes: object):
    """Let a policy be in force whose surveillance has these changes."""
    policy = default_policy()
    policy = replace(policy, version=version, surveillance=replace(policy.surveillance, **changes))
    data = PolicyChanged(version, policy_hash(policy), msgspec.to_builtins(policy), "tests")
    return p.event(at, "policy.changed", "default/policy", data)


def test_a_leak_is_a_finding_of_health_and_names_no_secret():
    p = Partition()
    p.beat(1.0, metrics={"q": 1})
    found = p.beat(2.0, metrics={"q": 2}, message=LEAK)
    (raised,) = only(found, "finding.raised")
    assert (raised["kind"], raised["metric"], raised["drivers"]) == ("leak", "", ["password"])
    assert SECRET not in raised["summary"]
    (health,) = only(found, "agent.health_changed")
    assert health["reasons"] == ["leak"]
    assert p.state.series.last[0] == 2.0  # the metrics beside it count as ever


def test_who_switches_it_off_ends_what_stands():
    p = Partition()
    p.beat(1.0, metrics={}, message=LEAK)
    watch = default_policy().surveillance.conversations
    found = put_in_force(p, 2.0, 2, conversations=replace(watch, enabled=False))
    assert [each["reason"] for each in only(found, "finding.ended")] == ["superseded"]
    assert not only(p.beat(3.0, metrics={}, message=LEAK), "finding.raised")
    put_in_force(p, 4.0, 3, conversations=watch)
    assert only(p.beat(5.0, metrics={}, message=LEAK), "finding.raised")


def test_an_agent_that_left_leaves_no_leak_behind():
    p = Partition()
    p.beat(1.0, metrics={"q": 1}, message=LEAK)
    for at, status in ((2.0, "maintenance"), (3.0, "decommissioning")):
        wish = LifecycleRequested(status, "it moves", "ann")
        p.event(at, "agent.lifecycle_requested", "default/a1", wish)
    assert [each["reason"] for each in only(p.tick(4.0), "finding.ended")] == ["agent_gone"]
    (letter,) = only(p.beat(5.0, metrics={"q": 1}, message=LEAK), "record.dead_lettered")
    assert letter["reason"] == "decommissioned"
    assert not only(p.tick(9000.0), "finding.ended")


def test_a_message_is_judged_at_home_wherever_it_arrived():
    home = partition_for(b"default/a1", 2)
    away, at_home = Partition(1 - home, 2), Partition(home, 2)
    value = msgspec.json.encode({"agent_id": "a1", "metrics": {}, "message": LEAK})
    (forward,) = away.read(5.0, value)
    record = Record("telemetry", home, 0, 6.0, forward.key, forward.value, forward.headers)
    sealed = Sealer("surveillance", at_home.context).seal(
        at_home.step.apply(at_home.state, [record])
    )
    assert [each["kind"] for each in only(events(sealed), "finding.raised")] == ["leak"]


def test_who_works_well_is_told_once_and_again_when_it_works_badly():
    p, told = Partition(), []
    for at in range(60, 1260, 10):
        rate = 0.0 if at < 600 else 0.5
        told += only(p.beat(float(at), metrics={"error_rate": rate}), "agent.performance_changed")
    levels = [each["level"] for each in told]
    assert levels[0] == "excellent"
    assert levels[-1] == "critical"
    assert len(levels) == 2
