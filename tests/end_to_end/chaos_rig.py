"""Workers, a broker and a steady load, and the means to break them."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from streams.contracts.record import Outgoing
from streams.contracts.telemetry import Heartbeat, encode_heartbeat
from streams.contracts.topics import TELEMETRY
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.errors import PublishError
from streams.kafka.publisher import Publisher

_ROOT = Path(__file__).resolve().parents[2]
_WORKER = Path(__file__).with_name("counting.py")


class Workers:
    """Worker processes that are started again whenever they end."""

    def __init__(self, bootstrap: str, partitions: int, logs: Path, script: Path = _WORKER) -> None:
        self._arguments = (bootstrap, partitions)
        self._script = script
        self._logs = logs
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._ending = False
        self.exits: list[tuple[int, int]] = []

    async def add(self, slot: int) -> None:
        await self._launch(slot)
        self._keepers.append(asyncio.create_task(self._keep(slot)))

    def signal(self, slot: int, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self._processes[slot].send_signal(number)

    async def stop(self) -> None:
        self._ending = True
        for slot in self._processes:
            self.signal(slot, signal.SIGCONT)
            self.signal(slot, signal.SIGTERM)
        for process in self._processes.values():
            try:
                await asyncio.wait_for(process.wait(), 120)
            except TimeoutError:
                process.kill()
                raise
        await asyncio.gather(*self._keepers)

    async def _keep(self, slot: int) -> None:
        while True:
            status = await self._processes[slot].wait()
            self.exits.append((slot, status))
            if self._ending:
                return
            await self._launch(slot)

    async def _launch(self, slot: int) -> None:
        bootstrap, partitions = self._arguments
        with (self._logs / f"worker-{slot}.log").open("ab") as log:
            self._processes[slot] = await asyncio.create_subprocess_exec(
                sys.executable, str(self._script), bootstrap, str(slot), str(partitions),
                env={**os.environ, "PYTHONPATH": str(_ROOT)}, stderr=log, stdout=log,
            )  # fmt: skip


class Load:
    """Publishes numbered heartbeats and remembers what was acknowledged."""

    def __init__(self, connection: Connection, rate: float, agents: int, seed: int) -> None:
        self._connection = connection
        self._rate = rate
        self._agents = agents
        self._random = random.Random(seed)
        self._next = dict.fromkeys(range(agents), 0)
        self.acknowledged: set[tuple[str, int]] = set()
        self._stop = asyncio.Event()

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        chunk = 50
        due = time.monotonic()
        async with Publisher(self._connection) as publisher:
            while not self._stop.is_set():
                await self._publish(publisher, [self._heartbeat() for _ in range(chunk)])
                due = max(due + chunk / self._rate, time.monotonic() - 1)
                await asyncio.sleep(max(due - time.monotonic(), 0))

    async def _publish(self, publisher: Publisher, heartbeats: list[Heartbeat]) -> None:
        records = [
            Outgoing(TELEMETRY.name, h.key.encode(), encode_heartbeat(h)) for h in heartbeats
        ]
        while True:
            try:
                await publisher.publish(records)
            except PublishError:
                await asyncio.sleep(0.2)  # written or not: written again, the log says how often
            else:
                self.acknowledged |= {(h.key, h.sequence or 0) for h in heartbeats}
                return

    def _heartbeat(self) -> Heartbeat:
        agent = self._random.randrange(self._agents)
        self._next[agent] += 1
        return Heartbeat(f"a{agent}", {"x": 1.0}, sequence=self._next[agent])


async def kill_broker(broker: EmbeddedBroker) -> None:
    """Kill the broker outright and bring it back with its data."""
    os.kill(broker.pid, signal.SIGKILL)
    await broker.wait()
    await broker.start()


@asynccontextmanager
async def working(
    bootstrap: str, partitions: int, count: int, logs: Path
) -> AsyncIterator[Workers]:
    workers = Workers(bootstrap, partitions, logs)
    try:
        for slot in range(count):
            await workers.add(slot)
        yield workers
    finally:
        await workers.stop()
