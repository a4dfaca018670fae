"""A log whose beginning has expired: what is verified then, and what a worker goes on from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from processors.runtime.checkpoints import Checkpoint, read_checkpoints
from processors.runtime.lane import Lane
from processors.runtime.restore import Restorer
from processors.runtime.worker import Worker
from processors.topology import steps
from projections.replay.verdict import VerifyReport
from projections.replay.verify import verify
from streams.contracts.topics import snapshots_of
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader, Offsets, Place
from tests.conftest import BrokerFactory
from tests.end_to_end.counting import SIGNER
from tests.integration.running import PARTITIONS, end, send, until

INBOXES = {step.inbox.name: step for step in steps()}


@asynccontextmanager
async def working(connection: Connection) -> AsyncIterator[Worker]:
    worker = Worker(connection, steps(), SIGNER, 0, PARTITIONS, "long-life", end)
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop()


async def a_day(connection: Connection, agents: list[str]) -> dict[Place, Checkpoint]:
    """Let a worker hear of `agents`, and make a checkpoint of every partition; return the last."""
    async with working(connection) as worker:
        await send(connection, *agents)
        await all_folded(connection, worker)
        for lane in list(worker.owner.lanes.values()):
            lane.since_snapshot += 1
            await worker._snapshots.begin(lane, checkpoint=True)
    async with LogReader(connection) as reader:
        return {each.place: each for each in await read_checkpoints(reader, SIGNER)}


async def all_folded(connection: Connection, worker: Worker) -> None:
    """Wait until every inbox is folded, with what the steps wrote into it meanwhile."""
    goal: Offsets = {}
    async with LogReader(connection) as reader:
        while goal != (goal := await reader.end_offsets(INBOXES)):
            await until(
                lambda: all(
                    place in worker.owner.lanes and worker.owner.lanes[place].next >= at
                    for place, at in goal.items()
                )
            )


async def expire(connection: Connection, before: dict[Place, int]) -> None:
    """Delete what lies before some offsets, as the broker does when it has become too old."""
    admin = AIOKafkaAdminClient(bootstrap_servers=connection.bootstrap)
    await admin.start()
    try:
        await admin.delete_records(
            {TopicPartition(*place): RecordsToDelete(offset) for place, offset in before.items()}
        )
    finally:
        await admin.close()


async def lose_snapshots(connection: Connection) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=connection.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([snapshots_of(step.inbox).name for step in steps()])
    finally:
        await admin.close()
    await ensure_topics(connection, PARTITIONS)


async def loaded(connection: Connection, places: list[Place]) -> dict[Place, Lane]:
    counts = {name: step.inbox.partitions(PARTITIONS) for name, step in INBOXES.items()}
    lanes = await Restorer(connection, INBOXES, SIGNER, counts).load(places, 30)
    return {Place(*lane.place): lane for lane in lanes}


async def verified(connection: Connection) -> VerifyReport:
    found = await verify(connection, SIGNER, steps(), fetch_sizes=(7,))
    assert found.equal, found.summary()
    return found


async def test_a_log_is_verified_from_its_oldest_checkpoint(fresh_broker: BrokerFactory) -> None:
    connection = Connection((await fresh_broker()).bootstrap)
    await ensure_topics(connection, PARTITIONS)
    first = await a_day(connection, [f"first-{n}" for n in range(20)])
    await a_day(connection, [f"second-{n}" for n in range(20)])
    last = await a_day(connection, [f"third-{n}" for n in range(20)])
    whole = await verified(connection)
    assert (whole.given, whole.unverified) == (0, [])
    await expire(connection, {place: each.label.position for place, each in first.items()})
    found = await verified(connection)
    told = "\n".join(found.unverified)
    for place, each in first.items():
        if each.label.position:
            assert f"{place.topic}/{place.partition}: records before" in told
            assert f"verified from {each.label.position}, the oldest checkpoint" in told
    # What the first day said is given, and what the other two did is decided again.
    assert found.given >= 20
    assert 40 <= found.compared < whole.compared
    # A worker that has lost its snapshots goes on from the last checkpoint, not from what is left.
    held = await loaded(connection, list(last))
    await lose_snapshots(connection)
    again = await loaded(connection, list(last))
    for place, lane in again.items():
        assert lane.next == last[place].label.position
        step = INBOXES[place.topic]
        if lane.next == held[place].next:
            assert step.dump(lane.state) == step.dump(held[place].state)
    await a_day(connection, ["fourth"])
    assert (await verified(connection)).compared > found.compared
