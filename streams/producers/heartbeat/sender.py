"""Moves heartbeats from the buffer to their receiver, however long that takes."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from streams.producers.heartbeat.buffer import Buffer
from streams.producers.heartbeat.composer import Counters
from streams.producers.heartbeat.transports import Away, Refused, Transport

log = logging.getLogger("homeostat.heartbeat")

_BATCH: Final = 500
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0


class Sender:
    """The one task that talks to the receiver.

    Parameters
    ----------
    buffer : Buffer
        Where heartbeats wait.
    transport : Transport
        How they leave.
    counters : Counters
        Where it is counted what became of them.
    """

    def __init__(self, buffer: Buffer, transport: Transport, counters: Counters) -> None:
        self._buffer = buffer
        self._transport = transport
        self._counters = counters
        self._more = asyncio.Event()
        self._empty = asyncio.Event()
        self._pause_s = _FIRST_PAUSE_S

    def wake(self) -> None:
        """Say that the buffer holds something new; call it in the loop's thread."""
        self._empty.clear()
        self._more.set()

    async def run(self) -> None:
        """Send for as long as the task lives."""
        while True:
            await self._more.wait()
            self._more.clear()
            while batch := self._buffer.take(_BATCH):
                await self._attempt(batch)
            if not self._more.is_set():
                self._empty.set()

    async def _attempt(self, batch: list[bytes]) -> None:
        try:
            await self._transport.send(batch)
        except Away as error:
            self._buffer.put_back()
            self._counters.retries += 1
            log.warning("%d heartbeats wait: %s", len(self._buffer), error)
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
        except Refused as error:
            self._buffer.settle()
            self._counters.refused += len(batch)
            log.error("%d heartbeats were refused: %s", len(batch), error)  # noqa: TRY400
        else:
            self._buffer.settle()
            self._counters.sent += len(batch)
            self._pause_s = _FIRST_PAUSE_S

    async def drained(self, timeout_s: float) -> bool:
        """Wait until nothing is left to send; say whether that came in time."""
        self.wake()
        try:
            await asyncio.wait_for(self._empty.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Let go of the receiver."""
        await self._transport.close()
