"""From the log to the views: heartbeats coalesced, facts at once, reading never held up by writing.

The broker is asked for a partition again only when all that lies ready of it was taken; what lies
ready while a transaction runs makes the next fetch ask for the other partitions alone, and wait for
them. So records are taken as they come, and kept until the writer is free.
"""

from __future__ import annotations

import asyncio
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from streams.contracts.record import Record
from streams.contracts.topics import TELEMETRY

FLUSH_S: Final = 0.1
"""Between the beginnings of two writes of heartbeats."""
MANY: Final = 2_000
"""So many records are written without waiting for more."""
MOST: Final = 20_000
"""So many may wait for the writer before reading pauses."""
MOST_BYTES: Final = 32 << 20
"""Or so much of them: what is said of many agents at once takes long to write, and much memory."""

Batches = AsyncIterator[list[Record]]
Write = Callable[[list[Record]], Awaitable[None]]


async def pump(batches: Batches, write: Write, stop: asyncio.Event) -> None:
    """Hand `batches` to `write` until `stop` or their end, in order, one call at a time."""
    await _Pump(batches, write).run(stop)


class _Pump:
    def __init__(self, batches: Batches, write: Write) -> None:
        self._batches = batches
        self._write = write
        self._clock = asyncio.get_running_loop().time
        self._pending: list[Record] = []
        self._bytes = 0
        self._urgent = False
        self._due = self._clock()
        self._ended = False
        self._coming: asyncio.Future[Any] | None = None
        self._writing: asyncio.Future[Any] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        stopping: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
        try:
            while not (stop.is_set() or self._ended):
                self._begin_reading()
                await self._something(stopping)
                self._end_writing()
                self._end_reading()
                self._begin_writing()
            if self._writing is not None:
                await self._writing
            if self._pending:
                await self._write(self._pending)
        finally:
            await _cancelled(stopping, self._coming, self._writing)

    async def _something(self, stopping: asyncio.Future[Any]) -> None:
        awaited = {each for each in (stopping, self._coming, self._writing) if each is not None}
        timed = self._pending and self._writing is None
        wait = max(0.0, self._due - self._clock()) if timed else None
        await asyncio.wait(awaited, timeout=wait, return_when=FIRST_COMPLETED)

    def _begin_reading(self) -> None:
        room = len(self._pending) < MOST and self._bytes < MOST_BYTES
        if self._coming is None and room:
            self._coming = asyncio.ensure_future(_next(self._batches))

    def _end_reading(self) -> None:
        if self._coming is None or not self._coming.done():
            return
        batch, self._coming = self._coming.result(), None
        if batch is None:
            self._ended = True
            return
        self._pending += batch
        self._bytes += sum(len(record.value or b"") for record in batch)
        facts = any(record.topic != TELEMETRY.name for record in batch)
        self._urgent |= facts or len(self._pending) >= MANY

    def _begin_writing(self) -> None:
        now = self._clock()
        if self._writing is None and self._pending and (self._urgent or now >= self._due):
            self._writing = asyncio.ensure_future(self._write(self._pending))
            self._pending, self._bytes, self._urgent = [], 0, False
            self._due = now + FLUSH_S

    def _end_writing(self) -> None:
        if self._writing is not None and self._writing.done():
            writing, self._writing = self._writing, None
            writing.result()


async def _next(batches: Batches) -> list[Record] | None:
    return await anext(batches, None)


async def _cancelled(*tasks: asyncio.Future[Any] | None) -> None:
    waiting = [task for task in tasks if task is not None]
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
