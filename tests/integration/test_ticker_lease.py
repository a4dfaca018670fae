"""Time goes on when its writer is killed: another candidate takes the lease."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

from streams.contracts.envelope import Event, outgoing, rfc3339
from streams.contracts.events.registry import EVENT_TYPES
from streams.contracts.telemetry import decode_tick
from streams.contracts.topics import GOVERNANCE, TELEMETRY, TIMERS
from streams.contracts.trust import RecordKind
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader, Place
from streams.kafka.publisher import Publisher
from streams.producers.log_clock import last_told
from tests.integration.ticking import SIGNER

GROUP = "lease"
_ROOT = Path(__file__).parents[2]
_CANDIDATE = Path(__file__).with_name("ticking.py")


class Ticks:
    """Collects the times of all ticks, partition by partition."""

    def __init__(self) -> None:
        self.times: dict[Place, list[float]] = {}
        self._news = asyncio.Condition()

    async def follow(self, connection: Connection) -> None:
        async with LogReader(connection) as reader:
            begins = await reader.beginning_offsets([TELEMETRY.name, GOVERNANCE.name])
            async for records in reader.read(begins):
                async with self._news:
                    for record in records:
                        assert SIGNER.kind_of(record) is RecordKind.TICK
                        place = Place(record.topic, record.partition)
                        self.times.setdefault(place, []).append(decode_tick(record.value or b""))
                    self._news.notify_all()

    async def seen(self, place: Place, since: float) -> float:
        """Wait for a tick of `place` at `since` or later; return its time."""
        async with asyncio.timeout(120), self._news:
            await self._news.wait_for(lambda: max(self.times.get(place, [0.0])) >= since)
        return next(at for at in self.times[place] if at >= since)

    def extra(self, place: Place, since: float) -> list[float]:
        """Return the ticks of `place` from `since` on that were not for everybody."""
        regular = set(self.times.get(Place(GOVERNANCE.name, 0), []))
        known = [at for at in self.times[place] if at <= max(regular)]  # of later ones, who knows
        return [at for at in known if at >= since and at not in regular]


@asynccontextmanager
async def candidates(bootstrap: str) -> AsyncIterator[dict[int, asyncio.subprocess.Process]]:
    """Give two processes that both want the lease."""
    started: dict[int, asyncio.subprocess.Process] = {}
    try:
        for slot in (0, 1):
            started[slot] = await asyncio.create_subprocess_exec(
                sys.executable, str(_CANDIDATE), bootstrap, str(slot), GROUP,
                env={**os.environ, "PYTHONPATH": str(_ROOT)},
            )  # fmt: skip
        yield started
    finally:
        for process in started.values():
            if process.returncode is None:
                process.kill()
                await process.wait()


async def leader(connection: Connection, members: int) -> int:
    """Return who holds the lease once `members` share the group."""
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.coordinator.protocol import ConsumerProtocol

    client = AIOKafkaAdminClient(**connection.client_options())
    await client.start()
    try:
        async with asyncio.timeout(120):
            while True:
                (answer,) = await client.describe_consumer_groups([GROUP])
                _, _, state, _, _, there, *_ = answer.groups[0]
                if state == "Stable" and len(there) == members:
                    (holder,) = [
                        name
                        for name, *_, plan in (member[:5] for member in there)
                        if ConsumerProtocol.ASSIGNMENT.decode(plan).partitions()
                    ]
                    return int(holder.removeprefix(f"{GROUP}-")[0])
                await asyncio.sleep(0.05)
    finally:
        await client.close()


async def set_timer(connection: Connection, place: Place, due: float) -> None:
    """Ask for a tick in one partition."""
    kind = EVENT_TYPES["timer.set"]
    event = Event(
        id=f"timer-{due}", source="/runtime", type=kind.name, subject=f"default/{place.topic}",
        time=rfc3339(due), tenant="default", dataschema=kind.dataschema,
        data={"inbox": place.topic, "partition": place.partition, "due": due},
    )  # fmt: skip
    async with Publisher(connection) as publisher:
        await publisher.publish([SIGNER.sign(outgoing(event, TIMERS.name, 0))])


async def test_a_killed_ticker_is_replaced_and_each_timer_met_once(fresh_broker) -> None:
    """Point 12: extra ticks go only where a timer waits, whoever holds the lease."""
    broker = await fresh_broker()
    connection = Connection(broker.bootstrap)
    await ensure_topics(connection, 2)
    assert await last_told(connection, SIGNER) == 0.0
    ticks, waiting = Ticks(), Place(TELEMETRY.name, 1)
    following = asyncio.create_task(ticks.follow(connection))
    try:
        async with candidates(broker.bootstrap) as processes:
            await ticks.seen(Place(GOVERNANCE.name, 0), 1.0)
            holder = await leader(connection, members=2)
            due = time.time() + 0.5
            await set_timer(connection, waiting, due)
            await ticks.seen(waiting, due)

            orphaned = time.time() + 1.0
            await set_timer(connection, waiting, orphaned)
            processes[holder].kill()
            await processes[holder].wait()

            met = await ticks.seen(waiting, orphaned)
            assert await leader(connection, members=1) == 1 - holder
            last = await ticks.seen(Place(GOVERNANCE.name, 0), met + 5)
            assert await last_told(connection, SIGNER) >= last
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    assert len(ticks.extra(waiting, due)) <= 2
    assert len(ticks.extra(waiting, orphaned)) <= 1
    assert not ticks.extra(Place(TELEMETRY.name, 0), 0.0)
    # Nobody is fenced off: who has lost the lease, and does not know yet, may write once more.
    assert all(_steps_back(times) <= 1 for times in ticks.times.values())


def _steps_back(times: list[float]) -> int:
    return sum(after < before for before, after in pairwise(times))
