from __future__ import annotations

import msgspec
import pytest

from processors.step import Context, Sealer
from processors.surveillance.step import Surveillance
from streams.contracts.envelope import Event, encode_event
from streams.contracts.events.agent import RegistrationDecided
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Outgoing, Record
from streams.contracts.telemetry import encode_tick
from streams.contracts.trust import RecordKind, Signer

SIGNER = Signer(b"a secret for tests only")


class Partition:
    """The step on one partition, with an offset of its own."""

    def __init__(self, partition: int = 0, partitions: int = 1) -> None:
        self.context = Context("telemetry", partition, partitions, SIGNER)
        self.step = Surveillance()
        self.state = self.step.initial(self.context)
        self.offset = -1

    def keyed(self, at, key, metrics, agent="a1"):
        """Fold a heartbeat that was written under a key; return the facts."""
        value = msgspec.json.encode({"agent_id": agent, "metrics": metrics})
        return events(self.read(at, value, key=key))

    def read(self, at, value, kind=None, headers=(), key=None):
        """Fold one record; return what is written."""
        self.offset += 1
        if kind is not None:
            headers = SIGNER.sign(Outgoing("telemetry", None, value), kind).headers
        place = (self.context.topic, self.context.partition, self.offset)
        record = Record(*place, at, key, value, headers)
        emissions = self.step.apply(self.state, [record])
        return Sealer(self.step.name, self.context).seal(emissions)

    def beat(self, at, agent="a1", *, signed=False, **fields):
        value = msgspec.json.encode({"agent_id": agent, **fields})
        return events(self.read(at, value, RecordKind.TELEMETRY if signed else None))

    def tick(self, at):
        return events(self.read(at, encode_tick(at), RecordKind.TICK))

    def event(self, at, name, subject, data):
        event = Event(
            id=f"asked-{self.offset + 1}", source="/api", type=name, subject=subject, time="",
            tenant="default", data=msgspec.to_builtins(data), dataschema=f"/schemas/{name}/1",
        )  # fmt: skip
        return events(self.read(at, encode_event(event), RecordKind.EVENT))


def events(records):
    """Return (type, data) of each fact once, whatever the number of its topics."""
    decoded = [msgspec.json.decode(record.value) for record in records]
    return [(e["type"], e["data"]) for e in {e["id"]: e for e in decoded}.values()]


def only(found, name):
    return [data for kind, data in found if kind == name]


def test_a_dead_service_is_a_finding_at_once_and_ends_when_it_is_up():
    p = Partition()
    beat = {"agent": "web", "signed": True, "agent_type": "service", "labels": {"host": "alpha"}}
    p.beat(100.0, metrics={"up": 1}, **beat)
    (raised,) = only(p.beat(101.0, metrics={"up": 0}, **beat), "finding.raised")
    assert (raised["kind"], raised["severity"]) == ("service_down", "critical")
    assert (raised["agent_type"], raised["labels"]) == ("service", {"host": "alpha"})
    (ended,) = only(p.beat(102.5, metrics={"up": 1}, **beat), "finding.ended")
    assert ended["finding_id"] == raised["finding_id"]
    assert (ended["reason"], ended["lasted_s"]) == ("recovered", 1.5)


def test_silence_is_offline_and_a_heartbeat_brings_it_back():
    p = Partition()
    for second in range(0, 50, 5):
        p.tick(1000.0 + second)
        p.beat(1000.0 + second, metrics={"q": 1})
    assert not only(p.tick(1055.0), "agent.status_changed")
    found = p.tick(1062.0)
    assert only(found, "agent.status_changed")[0]["status"] == "offline"
    assert only(found, "finding.raised")[0]["kind"] == "agent_offline"
    found = p.beat(1063.0, metrics={"q": 1})
    assert only(found, "agent.status_changed")[0]["reason"] == "heartbeat_returned"
    assert only(found, "finding.ended")[0]["reason"] == "recovered"


def test_an_outage_of_ticks_declares_nobody_offline():
    p = Partition()
    p.tick(1000.0)
    p.beat(1001.0, metrics={"q": 1})
    assert not only(p.tick(9000.0), "agent.status_changed")


@pytest.mark.parametrize("late", [None, 0.5])
def test_where_a_clock_was_set_back_what_comes_is_news_all_the_same(late):
    p, told = Partition(), []
    p.tick(5000.0)
    p.beat(5001.0, "db", signed=True, metrics={"up": 1})
    for second in range(20):  # the broker's clock went back an hour, and ticks go on
        p.tick(5005.0 + second)
        now, up = 1401.0 + second, 0 if second % 4 < 2 else 1
        said = {} if late is None else {"at": now - late}
        beat = msgspec.json.encode({"agent_id": "db", "metrics": {"up": up}, **said})
        told += events(p.read(now, beat, RecordKind.TELEMETRY))
    assert len(only(told, "finding.raised")) == len(only(told, "finding.ended")) == 5


@pytest.mark.parametrize("first", ["tick", "beat"])
def test_what_nobody_heard_has_not_held(first):
    p, hot = Partition(), {"metrics": {"cpu_usage": 99.0, "error_rate": 0.9}}
    told = []
    for at in (1000.0, 4600.0):
        if first == "tick":
            told += p.tick(at)
        told += p.beat(at, **hot)
    assert not only(told, "finding.raised")
    for second in range(5, 65, 5):
        told += p.tick(4600.0 + second) + p.beat(4600.0 + second, **hot)
    raised = only(told, "finding.raised")
    assert {found["kind"] for found in raised} == {"threshold", "threat"}
    assert {found["since"] for found in raised if found["kind"] == "threshold"} == {4600.0}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"metrics": {"up": 1}}, "reserved_metric"),
        ({"metrics": {"q": 1}, "tenant_id": "other"}, "foreign_tenant"),
    ],
)
def test_rights_need_a_signature(fields, reason):
    assert only(Partition().beat(1.0, **fields), "record.dead_lettered")[0]["reason"] == reason
    assert not only(Partition().beat(1.0, signed=True, **fields), "record.dead_lettered")


def test_a_refused_agent_is_dropped_and_its_heartbeats_are_dead_letters():
    p = Partition()
    p.beat(1.0, metrics={"q": 1})
    refusal = RegistrationDecided("a1", granted=False, reason="tenant_limit")
    p.event(2.0, "agent.registration_decided", "default/a1", refusal)
    (letter,) = only(p.beat(3.0, metrics={"q": 1}), "record.dead_lettered")
    assert letter["reason"] == "registration_refused"
    rows = p.state.series.size
    p.beat(4.0, "a2", metrics={"q": 1})
    assert p.state.series.size == rows


@pytest.mark.parametrize("signed", [True, False])
def test_a_heartbeat_is_forwarded_home_once_with_its_rights(signed):
    home = partition_for(b"default/a1", 2)
    away, at_home = Partition(1 - home, 2), Partition(home, 2)
    metrics = {"up": 0} if signed else {"q": 1}
    value = msgspec.json.encode({"agent_id": "a1", "metrics": metrics})
    (forward,) = away.read(5.0, value, RecordKind.TELEMETRY if signed else None)
    assert (forward.partition, forward.key) == (home, b"default/a1")

    def arrive():
        record = Record("telemetry", home, 0, 6.0, forward.key, forward.value, forward.headers)
        return at_home.step.apply(at_home.state, [record])

    kinds = [type(emission.item.data).__name__ for emission in arrive()]
    assert ("FindingRaised" in kinds) is signed
    assert "AgentRegistered" in kinds
    assert arrive() == []


def test_windows_close_by_the_time_of_the_step():
    p = Partition()
    for second, value in ((60.0, 1.0), (70.0, 5.0), (119.0, 3.0)):
        p.beat(second, metrics={"q": value})
    (closed,) = only(p.tick(121.0), "metrics.windows_closed")
    assert (closed["start"], closed["agents"]) == (60.0, ["default/a1"])
    assert [closed[k][0] for k in ("count", "mean", "minimum", "maximum", "last")] == [
        3,
        3,
        1,
        5,
        3,
    ]


def test_a_pending_threshold_asks_for_its_tick():
    p = Partition()
    assert p.step.next_due(p.state) is None
    p.beat(100.0, metrics={"cpu_usage": 95})
    assert p.step.next_due(p.state) == 160.0
    (raised,) = only(p.tick(160.0), "finding.raised")
    assert (raised["severity"], raised["since"]) == ("critical", 100.0)
