"""What a node has to say while the broker is away: bounded, in order, nothing stale last."""

from __future__ import annotations

import asyncio

from processors.executors.telemetry import Outbox
from streams.contracts.record import Outgoing
from streams.contracts.telemetry import Heartbeat, decode_heartbeat
from streams.contracts.trust import Signer
from streams.kafka.errors import PublishError

SIGNER = Signer(b"a secret of a test")


class Log:
    """A log that refuses the first batch, when the test has said what came meanwhile."""

    def __init__(self) -> None:
        self.asked, self.away = asyncio.Event(), asyncio.Event()
        self.batches: asyncio.Queue[list[Heartbeat]] = asyncio.Queue()

    async def publish(self, records: list[Outgoing]) -> None:
        """Refuse once; then keep what is written."""
        if not self.away.is_set():
            self.asked.set()
            await self.away.wait()
            raise PublishError("the broker is away")
        self.batches.put_nowait([decode_heartbeat(record.value) for record in records])


async def told_after_an_outage(first: list[float], meanwhile: list[float]) -> list[float]:
    """Return which values of ``up`` reach the log, in order, when the first send fails."""
    log = Log()
    outbox = Outbox(log.publish, SIGNER, "default")
    for up in first:
        outbox.put("web", "service", {"up": up}, {})
    running = asyncio.create_task(outbox.run())
    try:
        async with asyncio.timeout(30):
            await log.asked.wait()
            for up in meanwhile:
                outbox.put("web", "service", {"up": up}, {})
            log.away.set()
            return [heartbeat.metrics["up"] for heartbeat in await log.batches.get()]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_death_and_a_recovery_during_an_outage_are_both_told() -> None:
    assert await told_after_an_outage([0.0], [1.0]) == [0.0, 1.0]


async def test_the_newest_state_is_told_last() -> None:
    assert await told_after_an_outage([0.0, 1.0], [0.0]) == [1.0, 0.0]


async def test_a_long_outage_leaves_one_heartbeat_of_a_kind() -> None:
    assert await told_after_an_outage([1.0], [1.0] * 1000) == [1.0]
