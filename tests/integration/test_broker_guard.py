"""A broker that cannot be started again is tried until it can, and ends nothing else."""

from __future__ import annotations

import asyncio
import os
import signal

from api.cli.broker_guard import keep_broker
from streams.kafka.readiness import answers
from tests.conftest import BrokerFactory

PATIENCE_S = 120.0


class Told:
    """What was reported, and a way to wait for it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._more = asyncio.Event()

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        self._more.set()

    async def wait_for(self, text: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not any(text in line for line in self.lines):
                self._more.clear()
                await self._more.wait()


async def test_a_broker_that_cannot_start_is_tried_again_until_it_can(
    fresh_broker: BrokerFactory,
) -> None:
    broker, told, stop = await fresh_broker(), Told(), asyncio.Event()
    keeping = asyncio.create_task(keep_broker(broker, told, stop))
    properties = broker._home.properties
    properties.unlink()
    properties.mkdir()  # as little can be written here as on a full disk
    os.kill(broker.pid, signal.SIGKILL)
    await told.wait_for("the broker cannot be started: ")
    await told.wait_for("again in 0.4 s")
    assert not keeping.done()
    properties.rmdir()
    await told.wait_for("the broker serves again")
    await answers(broker.bootstrap)
    stop.set()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
