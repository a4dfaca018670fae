"""Workers and broker are killed while records flow: nothing missing, nothing twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from tests.end_to_end.chaos_check import drained, expected, read_all, verdict
from tests.end_to_end.chaos_rig import Load, kill_broker, working

PARTITIONS = 4


async def until_acknowledged(load: Load, more: int) -> None:
    """Wait until `more` records were acknowledged from here on: faults hit a moving system."""
    goal = len(load.acknowledged) + more
    while len(load.acknowledged) < goal:
        await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_no_acknowledged_record_is_lost_or_told_twice_under_kills(
    fresh_broker: Callable[[], Awaitable[EmbeddedBroker]], tmp_path: Path
) -> None:
    broker = await fresh_broker()
    connection = Connection(broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    load = Load(connection, rate=1500, agents=100, seed=7)
    async with working(broker.bootstrap, PARTITIONS, 2, tmp_path) as workers:
        async with asyncio.TaskGroup() as group:
            group.create_task(load.run())
            for slot in (0, 1, 0, 1):
                await until_acknowledged(load, 3000)
                workers.signal(slot, signal.SIGKILL)
            await until_acknowledged(load, 2000)
            await kill_broker(broker)
            await until_acknowledged(load, 2000)
            workers.signal(0, signal.SIGTERM)
            await until_acknowledged(load, 2000)
            load.stop()
        inbox = await read_all(connection, "telemetry")
        await drained(connection, expected(inbox, PARTITIONS), 180)
    found = await verdict(connection, inbox, load.acknowledged, PARTITIONS)
    print(found, workers.exits)
    assert {n: found[n] for n in ("lost", "missing", "foreign", "out_of_order")} == {
        "lost": 0, "missing": 0, "foreign": 0, "out_of_order": 0,
    }  # fmt: skip
    assert found["snapshots"] > 0
    assert found["wrong_snapshots"] == 0
