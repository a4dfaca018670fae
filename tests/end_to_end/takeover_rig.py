"""Two workers, of which one is killed and stays dead: how long until the other has it all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from streams.contracts.envelope import decode_event
from streams.contracts.record import Position
from streams.contracts.topics import FLEET, TELEMETRY
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.log_reader import LogReader
from tests.end_to_end.chaos_rig import Load
from tests.end_to_end.harness import PATIENCE_S
from tests.ports import free_port

PARTITIONS = 4
_ROOT = Path(__file__).parents[2]
_WORKER = Path(__file__).with_name("counting.py")


class Pair:
    """Two workers that nobody starts again, under a steady load."""

    def __init__(self, connection: Connection, logs: Path) -> None:
        self._connection = connection
        self._logs = logs
        self._workers: dict[int, asyncio.subprocess.Process] = {}
        self._reached: dict[int, int] = dict.fromkeys(range(PARTITIONS), -1)
        self._moved = asyncio.Condition()

    async def start(self, slot: int) -> None:
        """Start the worker of `slot`."""
        environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
        argv = [sys.executable, str(_WORKER), self._connection.bootstrap, str(slot)]
        with (self._logs / f"worker-{slot}.log").open("ab") as log:
            self._workers[slot] = await asyncio.create_subprocess_exec(
                *argv, str(PARTITIONS), env=environment, stderr=log, stdout=log
            )

    async def kill(self, slot: int) -> float:
        """Kill a worker; return the seconds until every partition moves on without it."""
        worker = self._workers.pop(slot)
        began = time.monotonic()
        worker.send_signal(signal.SIGKILL)
        await worker.wait()
        await self.all_moved()
        return time.monotonic() - began

    async def all_moved(self) -> None:
        """Wait until what lies in every partition now was folded."""
        async with LogReader(self._connection) as reader:
            ends = await reader.end_offsets([TELEMETRY.name])
        goal = {place.partition: end for place, end in ends.items()}
        async with asyncio.timeout(PATIENCE_S), self._moved:
            await self._moved.wait_for(
                lambda: all(self._reached[p] >= end for p, end in goal.items())
            )

    async def follow(self) -> None:
        """Note how far the facts have come, for as long as this runs."""
        async with LogReader(self._connection) as reader:
            async for records in reader.read(await reader.beginning_offsets([FLEET.name])):
                async with self._moved:
                    for record in records:
                        at = Position.parse(decode_event(record.value).position)
                        self._reached[at.partition] = max(self._reached[at.partition], at.offset)
                    self._moved.notify_all()

    async def stop(self) -> None:
        """End what still lives."""
        for worker in self._workers.values():
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
            await worker.wait()


@asynccontextmanager
async def pair_under_load(folder: Path) -> AsyncIterator[Pair]:
    """Give two workers at work on a broker of their own."""
    broker = EmbeddedBroker(folder / "broker", free_port())
    await broker.start()
    connection = Connection(broker.bootstrap)
    pair, load = Pair(connection, folder), Load(connection, 500, agents=200, seed=1)
    try:
        await ensure_topics(connection, PARTITIONS)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(load.run()), group.create_task(pair.follow())]
            for slot in (0, 1):
                await pair.start(slot)
            await pair.all_moved()
            yield pair
            for task in tasks:
                task.cancel()
    finally:
        await pair.stop()
        await broker.stop()
