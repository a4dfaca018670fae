"""A worker of one small step inside the test's own process, and what tests do around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NoReturn

from processors.runtime.member import Member
from processors.runtime.worker import Worker
from streams.contracts.record import Outgoing
from streams.contracts.telemetry import Heartbeat, encode_heartbeat
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.log_reader import LogReader
from streams.kafka.publisher import Publisher
from tests.end_to_end.counting import SIGNER, Counting
from tests.ports import free_port

PARTITIONS = 4


class Ended(BaseException):
    """Stands for the end of the process."""


def end(reason: str) -> NoReturn:
    raise Ended(reason)


def make(connection: Connection, name: str, slot: int = 0) -> Worker:
    step = Counting(name=name)
    return Worker(connection, [step], SIGNER, Member(slot, PARTITIONS, name), end)


@contextmanager
def broker_with_topics(folder: Path) -> Iterator[Connection]:
    """Run a broker, with the topics, until the end of the block."""
    broker = EmbeddedBroker(folder, free_port(), report=print)

    async def start() -> None:
        await broker.start()
        await ensure_topics(Connection(broker.bootstrap), PARTITIONS)

    try:
        asyncio.run(start())
        yield Connection(broker.bootstrap)
    finally:
        asyncio.run(broker.stop())


@asynccontextmanager
async def running(connection: Connection, name: str, slot: int = 0) -> AsyncIterator[Worker]:
    worker = make(connection, name, slot)
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop()


async def until(true: Callable[[], bool]) -> None:
    """Wait for what the worker does in its own time."""
    async with asyncio.timeout(120):
        while not true():
            await asyncio.sleep(0.01)


async def send(connection: Connection, *agents: str) -> None:
    async with Publisher(connection) as publisher:
        heartbeats = [Heartbeat(agent, {"x": 1.0}) for agent in agents]
        await publisher.publish(
            [Outgoing("telemetry", h.key.encode(), encode_heartbeat(h)) for h in heartbeats]
        )


async def ends(connection: Connection) -> dict[tuple[str, int], int]:
    async with LogReader(connection) as reader:
        return dict(await reader.end_offsets(["telemetry"]))


async def caught_up(connection: Connection, worker: Worker) -> None:
    goal = await ends(connection)  # may be passed: a worker's own heartbeats lie there as well
    await until(
        lambda: (
            worker.owner.lanes.keys() == goal.keys()
            and all(lane.next >= goal[place] for place, lane in worker.owner.lanes.items())
        )
    )
