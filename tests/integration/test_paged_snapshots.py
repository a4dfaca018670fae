"""A state that goes by pages, on a real broker: resumed whole, and written as far as it changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from processors.runtime import pages, snapshots
from processors.runtime.lane import Lane
from processors.runtime.member import Member
from processors.runtime.pages import is_page
from processors.runtime.restore import Restorer
from processors.runtime.worker import Worker
from processors.surveillance.step import Surveillance
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Record
from streams.contracts.topics import TELEMETRY, snapshots_of
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from tests.end_to_end.chaos_check import read_all
from tests.end_to_end.counting import SIGNER
from tests.integration.running import PARTITIONS, caught_up, end, send

STORE = snapshots_of(TELEMETRY).name
CALM = (partition_for(b"default/worker-0", PARTITIONS) + 1) % PARTITIONS
"""A partition without the worker's own heartbeats."""


@asynccontextmanager
async def working(connection: Connection) -> AsyncIterator[Worker]:
    worker = Worker(connection, [Surveillance()], SIGNER, Member(0, PARTITIONS, "paged"), end)
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop()


async def loaded(connection: Connection) -> list[Lane]:
    restorer = Restorer(
        connection, {TELEMETRY.name: Surveillance()}, SIGNER, {TELEMETRY.name: PARTITIONS}
    )
    return await restorer.load([(TELEMETRY.name, number) for number in range(PARTITIONS)], 30)


async def stored(connection: Connection) -> list[Record]:
    return (await read_all(connection, STORE))[CALM]


async def test_a_large_state_is_resumed_and_only_its_changes_are_written(
    fresh_broker: Callable[[], Awaitable[EmbeddedBroker]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "WHOLE", 0)
    monkeypatch.setattr(pages, "ROWS", 16)
    connection = Connection((await fresh_broker()).bootstrap)
    await ensure_topics(connection, PARTITIONS)
    agents = [f"agent-{number}" for number in range(200)]
    await send(connection, *agents)
    async with working(connection) as worker:
        await caught_up(connection, worker)
        held = list(worker.owner.lanes.values())
    step = Surveillance()
    by_place = {lane.place: lane for lane in await loaded(connection)}
    assert {p: (lane.next, step.dump(lane.state)) for p, lane in by_place.items()} == {
        lane.place: (lane.next, step.dump(lane.state)) for lane in held
    }
    first = await stored(connection)
    assert sum(is_page(record.key) for record in first) > 100
    async with working(connection) as successor:
        await send(connection, *agents)
        await caught_up(connection, successor)
        (lane,) = (lane for lane in successor.owner.lanes.values() if lane.place[1] == CALM)
        await successor._snapshots.begin(lane)
        second = await stored(connection)
        await successor._snapshots.begin(lane)
        third = await stored(connection)
    # A new owner writes every page of its own, and empties those that it found.
    earlier = {record.key for record in first if is_page(record.key)}
    emptied = {record.key for record in second[len(first) :] if record.value is None}
    assert emptied == earlier
    assert [is_page(record.key) for record in third[len(second) :]] == [False]  # the index alone
