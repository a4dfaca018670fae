"""Which heartbeats count: rights, home partition, forwards once, registration first."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from processors.surveillance.forward import forwarded
from projections.latest import LatestMetrics, Newest
from projections.marks import Marks
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Outgoing, Position, Record
from streams.contracts.telemetry import Heartbeat, encode_heartbeat, encode_tick
from streams.contracts.trust import RecordKind
from tests.integration.log_of_facts import PARTITIONS, SIGNER

HOME = partition_for(b"default/web", PARTITIONS)
AWAY = (HOME + 1) % PARTITIONS


@dataclass
class Taken:
    """What became of records taken one after the other."""

    latest: LatestMetrics
    marks: Marks

    def take(self, record: Record) -> str:
        return self.latest.take(record, self.marks)


@pytest.fixture
def taken() -> Taken:
    return Taken(LatestMetrics([("default", "web")], SIGNER, PARTITIONS), Marks([]))


def plain(partition: int = HOME, tenant: str = "default", **metrics: float) -> Record:
    value = encode_heartbeat(Heartbeat("web", metrics, tenant))
    return Record("telemetry", partition, 0, 100.0, b"default/web", value)


def signed(record: Record, kind: RecordKind, origin: bytes = b"") -> Record:
    out = SIGNER.sign(Outgoing("telemetry", record.key, record.value or b""), kind, origin)
    return record._replace(headers=out.headers)


def forward(record: Record, offset: int, *, trusted: bool) -> Record:
    origin = str(Position("telemetry", record.partition, offset)).encode()
    moved = forwarded(record, "default/web", HOME, 99.0, trusted=trusted, ahead=0.0)
    out = SIGNER.sign(moved, RecordKind.FORWARD, origin)
    return Record("telemetry", HOME, 7, 101.0, out.key, out.value, out.headers)


def test_a_heartbeat_at_home_counts(taken: Taken) -> None:
    assert taken.take(plain(cpu_usage=1.0)) == "accepted"
    assert taken.latest.fresh() == [Newest("default", "web", 100.0, {"cpu_usage": 1.0}, False)]


def test_one_away_from_home_counts_once_it_is_forwarded_and_then_only_once(taken: Taken) -> None:
    away = plain(AWAY, cpu_usage=1.0)
    assert taken.take(away) == ""
    assert taken.latest.fresh() == []
    assert taken.take(forward(away, 3, trusted=False)) == "accepted"
    assert taken.take(forward(away, 3, trusted=False)) == "repeated_forward"
    assert taken.latest.fresh() == [Newest("default", "web", 101.0, {"cpu_usage": 1.0}, False)]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (plain(up=0.0), "reserved_metric"),
        (plain(tenant="acme"), "foreign_tenant"),
        (forward(plain(AWAY, up=0.0), 1, trusted=False), "reserved_metric"),
        (plain()._replace(value=b"{"), "malformed_json"),
        (signed(plain(), RecordKind.TICK)._replace(value=b"forged"), "bad_signature"),
    ],
)
def test_what_has_no_right_does_not_count(taken: Taken, record: Record, reason: str) -> None:
    assert taken.take(record) == reason
    assert taken.latest.fresh() == []


def test_a_probe_of_ours_may_send_reserved_metrics(taken: Taken) -> None:
    assert taken.take(signed(plain(up=0.0), RecordKind.TELEMETRY)) == "accepted"
    assert taken.take(forward(plain(AWAY, up=1.0), 1, trusted=True)) == "accepted"
    assert taken.latest.fresh()[0].metrics == {"up": 1.0}


def test_a_tick_is_no_heartbeat(taken: Taken) -> None:
    tick = plain()._replace(value=encode_tick(5.0))
    assert taken.take(signed(tick, RecordKind.TICK)) == ""


def test_what_waits_for_a_registration_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.latest._MAX_WAITING", 2)
    latest, marks = LatestMetrics([], SIGNER, 1), Marks([])
    names = ["one", "two", "three"]
    for name in names:
        value = encode_heartbeat(Heartbeat(name, {"cpu_usage": 1.0}))
        latest.take(Record("telemetry", 0, 0, 1.0, None, value), marks)
    latest.registered([(("default", name), {}) for name in names])
    assert [newest.agent for newest in latest.fresh()] == ["three", "two"]


def whole(taken: Taken, **metrics: float) -> bool:
    assert taken.take(plain(**metrics)) == "accepted"
    (newest,) = taken.latest.fresh()
    taken.latest.commit()
    return newest.whole


def test_what_lacks_no_metric_of_the_row_takes_its_place(taken: Taken) -> None:
    assert not whole(taken, cpu_usage=1.0)
    assert taken.take(plain(cpu_usage=1.0)) == "accepted"
    assert taken.latest.unasked() == [("default", "web")]
    taken.latest.learn({("default", "web"): {"cpu_usage": 1.0}})
    assert whole(taken, cpu_usage=2.0)
    assert whole(taken, cpu_usage=2.0, memory_usage=1.0)
    assert not whole(taken, cpu_usage=3.0)
    assert whole(taken, memory_usage=3.0, cpu_usage=3.0)
    taken.latest.registered([(("default", "web"), {"disk_usage": 1.0})])
    assert not whole(taken, memory_usage=4.0, cpu_usage=4.0)
    assert not whole(taken, memory_usage=5.0, cpu_usage=5.0)


def test_of_too_many_metrics_nothing_is_remembered(taken: Taken) -> None:
    many = {f"m{n}": 1.0 for n in range(100)}
    taken.latest.learn({("default", "web"): {}})
    assert whole(taken, **many)
    assert not whole(taken, **many)
