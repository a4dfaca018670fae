"""What sources say, as metrics; and what becomes of one that fails."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from streams.kafka.cluster import Seen
from streams.kafka.log_reader import Place
from streams.producers.series.counters import Counters
from streams.producers.sources import kafka, postgresql, redis
from streams.producers.sources.gpu import GpuSensor, parse_cards
from streams.producers.sources.sensor import Measured, SourceAway, watch

ROW = {
    "sees_others": True,
    "others": 0,
    "connections": 3, "connections_active": 2, "connections_idle_in_transaction": 1,
    "connections_waiting": 0, "slow_queries": 1, "longest_transaction_s": 2.5, "most": 100,
    "database_size_bytes": 8_000_000, "replicas": 1, "replica_lag_s": 0.5, "own_lag_s": None,
    "replication_lag_bytes": 1024, "since": None, "xact_commit": 100, "xact_rollback": 1,
    "blks_read": 50, "blks_hit": 950, "deadlocks": 0, "temp_bytes": 0,
}  # fmt: skip


def test_a_database_tells_rates_and_shares_of_what_came_since():
    counters = Counters()
    first = postgresql.metrics_of({**ROW, "calls": 10, "busy_ms": 100.0}, 100.0, counters)
    assert (first["connection_usage"], first["replication_lag_s"]) == (3.0, 0.5)
    assert "cache_hit_rate" not in first
    grown = {"xact_commit": 150, "blks_read": 150, "blks_hit": 1250, "deadlocks": 1}
    row = {**ROW, **grown, "calls": 20, "busy_ms": 160.0, "slow_statements": 4}
    later = postgresql.metrics_of(row, 110.0, counters)
    assert (later["transactions_per_s"], later["deadlocks_per_s"]) == (5.0, 0.1)
    assert later["cache_hit_rate"] == 0.75
    assert (later["statement_mean_ms"], later["slow_statements"]) == (6.0, 4.0)


def test_a_database_that_only_follows_tells_its_own_lag():
    row = {
        **ROW,
        "replicas": 0,
        "replica_lag_s": None,
        "own_lag_s": 7,
        "replication_lag_bytes": None,
    }
    found = postgresql.metrics_of(row, 100.0, Counters())
    assert found["replication_lag_s"] == 7.0
    assert "replication_lag_bytes" not in found


def test_statistics_that_were_reset_count_from_then_on():
    counters = Counters()
    postgresql.metrics_of({**ROW, "since": 10.0}, 100.0, counters)
    anew = {**ROW, "since": 105.0, "xact_commit": 10, "blks_hit": 10, "blks_read": 10}
    found = postgresql.metrics_of(anew, 110.0, counters)
    assert (found["transactions_per_s"], found["cache_hit_rate"]) == (2.0, 0.5)


def test_statements_that_were_forgotten_are_no_restart():
    counters = Counters()
    for at, calls in ((100.0, 5_000), (110.0, 4_900)):
        found = postgresql.metrics_of({**ROW, "calls": calls, "busy_ms": 9.0}, at, counters)
        assert not {"statements_per_s", "statement_mean_ms"} & found.keys()
    found = postgresql.metrics_of({**ROW, "calls": 4_950, "busy_ms": 59.0}, 120.0, counters)
    assert (found["statements_per_s"], found["statement_mean_ms"]) == (5.0, 1.0)


def test_a_topic_that_is_deleted_makes_no_others_begin_anew():
    counters = Counters()

    def looked(at: float, ends: dict[Place, int]) -> dict[str, float]:
        return kafka.rates(Seen(1, {}, ends, {}, {}), at, counters)

    kept, gone, internal = Place("kept", 0), Place("gone", 0), Place("__offsets", 0)
    assert looked(100.0, {kept: 1_000, gone: 9_000, internal: 5}) == {}
    both = {"records_per_s": 30.0, "records_per_s:kept": 10.0, "records_per_s:gone": 20.0}
    assert looked(110.0, {kept: 1_100, gone: 9_200, internal: 9}) == both
    assert looked(120.0, {kept: 1_200}) == {"records_per_s": 10.0, "records_per_s:kept": 10.0}
    assert looked(130.0, {kept: 1_300, Place("kept", 1): 7_000})["records_per_s:kept"] == 10.0


def test_a_ratio_of_a_cache_that_is_none_is_left_out():
    told = {"mem_fragmentation_ratio": "-nan", "connected_clients": "2", "maxmemory": "100"}
    assert redis.metrics_of(told, 1.0, Counters()) == {"clients": 2.0, "keys": 0.0}


def test_a_cache_that_nobody_asks_has_no_hit_rate():
    counters = Counters()
    told = {"keyspace_hits": "5", "keyspace_misses": "5", "used_memory": "100", "maxmemory": "0"}
    redis.metrics_of(told, 1.0, counters)
    assert redis.metrics_of(told, 2.0, counters) == {"memory_used_bytes": 100.0, "keys": 0.0}
    found = redis.metrics_of(told | {"db0": "keys=2,expires=0", "db1": "keys=3"}, 3.0, counters)
    assert found["keys"] == 5.0


SAID = "0, 87, 1024, 4096, 71, 250.55\n1, 0, 0, 4096, 35, [N/A]\n"


def test_each_card_is_told_of_as_far_as_it_tells():
    found = parse_cards(SAID)
    assert (found["gpus"], found["gpu_usage:0"], found["gpu_power_watts:0"]) == (2, 87, 250.55)
    assert (found["gpu_memory_usage:1"], found["gpu_memory_bytes:1"]) == (0, 4096 << 20)
    assert "gpu_power_watts:1" not in found


async def test_the_drivers_program_is_asked_where_there_is_one(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    sensor = GpuSensor("alpha")
    with pytest.raises(SourceAway, match="not installed"):
        await sensor.read()
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n/bin/echo -n '{SAID}'\n")
    program.chmod(0o755)
    assert await sensor.read() == [Measured("alpha-gpu", parse_cards(SAID))]
    program.write_text("#!/bin/sh\n/bin/echo No devices were found\nexit 6\n")
    with pytest.raises(SourceAway, match="No devices"):
        await sensor.read()
    assert os.environ["PATH"] == str(tmp_path)


class Failing:
    """A sensor of which each look ends otherwise."""

    name, kind, alive = "s", "cache", "source_up"

    def __init__(self, *ends: BaseException | None) -> None:
        self.ends = list(ends)
        self.closed = False

    async def read(self) -> list[Measured]:
        end = self.ends.pop(0)
        if end is not None:
            raise end
        return [Measured("s", {"keys": 1.0}), Measured("other", {"x": 2.0}, {"a": "b"})]

    async def close(self) -> None:
        self.closed = True


async def test_failures_are_told_and_logged_once_and_a_defect_ends_nothing(caplog):
    away, defect = SourceAway("it sleeps"), KeyError("a defect")
    sensor = Failing(away, OSError("refused"), None, defect, None, asyncio.CancelledError())
    told: list[tuple[str, dict[str, float], dict[str, str]]] = []

    def tell(agent, kind, metrics, labels) -> None:
        told.append((agent, dict(metrics), dict(labels)))

    with pytest.raises(asyncio.CancelledError):
        await watch(sensor, 0.001, 5.0, tell, "h")
    assert sensor.closed
    up = [
        (labels.get("verdict"), metrics["source_up"])
        for name, metrics, labels in told
        if name == "s"
    ]
    assert up == [
        ("it sleeps", 0),
        ("refused", 0),
        (None, 1),
        ("KeyError('a defect')", 0),
        (None, 1),
    ]
    assert ("other", {"x": 2.0}, {"measured_from": "h", "a": "b"}) in told
    assert [record.message for record in caplog.records] == [
        "s is away: it sleeps",
        "s answers again",
        "the sensor of s has a defect, and is asked again at each look",
        "s answers again",
    ]


async def test_a_defect_is_logged_once_until_it_becomes_another(caplog):
    looks = [KeyError(number) for number in range(5)]
    sensor = Failing(*looks, ValueError("x"), SourceAway("gone"), asyncio.CancelledError())
    counts: list[float] = []

    def tell(agent, kind, metrics, labels) -> None:
        counts.append(metrics.get("source_defects", 0))

    with pytest.raises(asyncio.CancelledError):
        await watch(sensor, 0.001, 5.0, tell, "h")
    assert counts == [1, 2, 3, 4, 5, 6, 0]
    told = [record.exc_info and record.exc_info[1] for record in caplog.records]
    assert [type(each) for each in told] == [KeyError, ValueError, type(None)]
