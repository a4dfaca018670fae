"""A new version of a step takes partitions over: with their states, once, and on record."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from faust.types import TP

from processors.migrations import Migration, of_document, unchanged
from processors.runtime import snapshots, taking_over
from processors.runtime.checkpoints import of, read_checkpoints
from processors.runtime.member import Member
from processors.runtime.snapshot_format import Assembly
from processors.runtime.snapshots import ready
from processors.runtime.tails import Tail
from processors.runtime.worker import Worker
from projections.replay.verdict import VerifyReport
from projections.replay.verify import verify
from streams.contracts.envelope import decode_event
from streams.contracts.events.system import StepCutOver
from streams.contracts.record import Outgoing
from streams.contracts.topics import DECISIONS, TELEMETRY, snapshots_of
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader, Place
from streams.kafka.publisher import Publisher
from tests.end_to_end.counting import SIGNER, Counting, Counts
from tests.integration.running import PARTITIONS, Ended, broker_with_topics, end, send


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """Give a broker of this file's own, with the topics."""
    with broker_with_topics(tmp_path_factory.mktemp("broker")) as connection:
        yield connection


def _recounted(document: dict[str, Any]) -> None:
    """Count by tens: what version 2 says cannot be taken for what version 1 said."""
    document["counts"] = {key: 10 * count for key, count in document["counts"].items()}


def _torn(parts: dict[str, bytes]) -> dict[str, bytes]:
    return {name: part[: len(part) // 2] for name, part in parts.items()}


CARRIES: Mapping[int, Migration] = {1: of_document(_recounted), 2: unchanged}


class Upgraded(Counting):
    """Counts on from what was counted by an earlier version."""

    def __init__(self, name: str, version: int, migrations: Mapping[int, Migration]) -> None:
        super().__init__(version, name=name)
        self.migrations = migrations


def make(
    connection: Connection, name: str, version: int, migrations: Mapping[int, Migration] = CARRIES
) -> Worker:
    step = Upgraded(name, version, migrations)
    return Worker(connection, [step], SIGNER, Member(0, PARTITIONS, name), end)


@asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[Worker]:
    """Let `worker` own every partition, without a group; it keeps what it knows at the end."""
    await worker._outputs.start()
    try:
        await worker.owner.positions([TP(TELEMETRY.name, p) for p in range(PARTITIONS)])
        yield worker
        lanes = list(worker.owner.lanes.values())
        await asyncio.gather(*(lane.writing for lane in lanes if lane.writing is not None))
        begun = [worker._snapshots.begin(lane) for lane in lanes if ready(lane)]
        await asyncio.gather(*(task for task in begun if task is not None))
    finally:
        await worker.tasks.cancel()
        await worker._outputs.stop()


async def folded(connection: Connection, worker: Worker, most: int = 1000) -> None:
    """Let `worker` fold what lies in its inbox, at `most` so many records of a partition."""
    async with LogReader(connection) as reader:
        ends = await reader.end_offsets([TELEMETRY.name])
        begins = {Place(*place): lane.next for place, lane in worker.owner.lanes.items()}
        ends = {place: min(end, begins[place] + most) for place, end in ends.items()}
        async for records in reader.read(begins, ends):
            await worker.owner.apply((records[0].topic, records[0].partition), records)


def killed(worker: Worker) -> None:
    """Let nothing that `worker` knows from now on be kept, as if it were killed."""
    worker._snapshots.begin = lambda *_, **__: None  # type: ignore[assignment, method-assign]


async def said(connection: Connection, name: str) -> dict[str, set[bytes]]:
    """Return what the step said, by id."""
    async with LogReader(connection) as reader:
        begins, ends = (
            await reader.beginning_offsets(["fleet"]),
            await reader.end_offsets(["fleet"]),
        )
        records = [r async for batch in reader.read(begins, ends) for r in batch]
    found = defaultdict(set)
    for record in records:
        if (event := decode_event(record.value)).source == f"/steps/{name}":
            found[event.id].add(record.value or b"")
    return found


async def cut_overs(connection: Connection, name: str) -> dict[Place, list[StepCutOver]]:
    """Return the cut-overs of a step on record, by partition, each once."""
    async with LogReader(connection) as reader:
        topic = ["dead-letters"]
        begins, ends = await reader.beginning_offsets(topic), await reader.end_offsets(topic)
        records = [r async for batch in reader.read(begins, ends) for r in batch]
    found: dict[Place, dict[str, StepCutOver]] = defaultdict(dict)
    for event in (decode_event(record.value) for record in records):
        if event.type == "step.cut_over" and event.data["step"] == name:
            fact = msgspec.convert(event.data, StepCutOver)
            found[Place(fact.topic, fact.partition)][event.id] = fact
    return {place: list(facts.values()) for place, facts in found.items()}


def agents(name: str) -> list[str]:
    """Return the agents of a test."""
    return [f"{name}-{number}" for number in range(20)]


def counts(worker: Worker) -> set[int]:
    """Return how often the agents of the worker's test were counted."""
    lanes = list(worker.owner.lanes.values())
    own = f"default/{lanes[0].step.name}-"
    return {n for lane in lanes for key, n in lane.state.counts.items() if key.startswith(own)}


async def verified(connection: Connection, name: str, version: int) -> VerifyReport:
    report = await verify(connection, SIGNER, [Upgraded(name, version, CARRIES)])
    assert report.equal, report.summary()
    return report


async def since_checkpoints(connection: Connection, name: str, version: int) -> dict[Place, int]:
    async with LogReader(connection) as reader:
        kept = await read_checkpoints(reader, SIGNER)
    places = {each.place for each in kept}
    found = {place: of(kept, name, version, place) for place in places}
    return {place: those[0].label.position for place, those in found.items() if those}


async def test_a_state_is_carried_over_and_goes_on(connection: Connection) -> None:
    name = "carried"
    await send(connection, *agents(name))
    async with working(make(connection, name, 1)) as old:
        await folded(connection, old)
        left = {Place(*place): lane.next for place, lane in old.owner.lanes.items()}
        assert counts(old) == {1}
    await send(connection, *agents(name))
    async with working(make(connection, name, 3)) as new:
        assert counts(new) == {10}
        await folded(connection, new)
        assert counts(new) == {11}
    found = await cut_overs(connection, name)
    for place, facts in found.items():
        assert facts == [
            StepCutOver(name, *place, left[place], 1, 3, carried=True, since=left[place])
        ]
    assert len(set(left.values())) > 1
    assert await since_checkpoints(connection, name, 3) == left
    report = await verified(connection, name, 3)
    assert report.unverified == []
    assert (report.given, report.compared) == (60, 60)  # each is written to three topics
    with pytest.raises(Ended, match="version 3 of carried has taken over, and this release has"):
        await make(connection, name, 2).owner.positions([TP(TELEMETRY.name, 0)])


async def test_whoever_is_killed_leaves_the_old_or_the_new(connection: Connection) -> None:
    name = "killed"
    await send(connection, *agents(name))
    async with working(make(connection, name, 1)) as old:
        await folded(connection, old)
    async with working(make(connection, name, 1)) as old:
        killed(old)
        await send(connection, *agents(name))
        await folded(connection, old)
        spoken = {Place(*place): lane.next for place, lane in old.owner.lanes.items()}
    async with working(make(connection, name, 1)) as heir:
        killed(heir)
        await folded(connection, heir, most=1)
    for _ in range(2):
        await send(connection, *agents(name))
        async with working(make(connection, name, 2)) as new:
            killed(new)
            await folded(connection, new)
    async with working(make(connection, name, 2)) as new:
        await folded(connection, new)
        assert counts(new) == {13}
    found = await cut_overs(connection, name)
    assert {place: [fact.offset for fact in facts] for place, facts in found.items()} == {
        place: [offset] for place, offset in spoken.items()
    }
    assert all(len(values) == 1 for values in (await said(connection, name)).values())
    assert (await verified(connection, name, 2)).unverified == []


async def test_what_cannot_be_carried_over_is_learnt_anew_and_told(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    name = "relearnt"
    await send(connection, *agents(name))
    async with working(make(connection, name, 1)) as old:
        await folded(connection, old)
    monkeypatch.setattr(taking_over, "RELEARNT", 2 * PARTITIONS)
    await send(connection, *agents(name))
    async with working(make(connection, name, 2, {1: _torn})) as new:
        await folded(connection, new)
    found = await cut_overs(connection, name)
    for (fact,) in found.values():
        assert (fact.carried, fact.offset - fact.since) == (False, 2)
        assert "of version 1: DecodeError" in fact.reason
    assert "learns anew from 2 records, and forgets what came before them" in caplog.text
    assert all(len(values) == 1 for values in (await said(connection, name)).values())
    begins = {place: fact.offset for place, (fact,) in found.items()}
    assert await since_checkpoints(connection, name, 2) == begins
    assert (await verified(connection, name, 2)).unverified == []


async def test_a_state_in_pages_is_found_where_an_import_put_them(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, store = "paged", Place(snapshots_of(TELEMETRY).name, 0)
    monkeypatch.setattr(snapshots, "WHOLE", 0)
    await send(connection, *agents(name))
    async with LogReader(connection) as reader:
        before = (await reader.end_offsets([store.topic]))[store]
        async with working(make(connection, name, 1)) as worker:
            await folded(connection, worker)
        state = worker.owner.lanes[TELEMETRY.name, 0].state
        moved = Place(snapshots_of(DECISIONS).name, 0)
        ends = await reader.end_offsets([store.topic])
        written = [r async for batch in reader.read({store: before}, ends) for r in batch]
        async with Publisher(connection) as publisher:
            copies = [Outgoing(moved.topic, r.key, r.value, partition=0) for r in written]
            await publisher.publish([SIGNER.sign(copy) for copy in copies])
        end = (await reader.end_offsets([moved.topic]))[moved]
        assert end < before  # what the index speaks of lies behind the end
        tail = Tail(Assembly(SIGNER), moved, 0, end - 1, end)
        await tail._add(reader, end - 1, end)
        found = await tail.snapshot(reader, name, 1)
    assert found is not None
    assert msgspec.json.decode(found.data, type=Counts) == state
