"""One shared tail of the events, fanned out to everybody who listens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool

from projections.queries.events import EventRow, latest_event_seq, list_events

_LOG: Final = logging.getLogger("homeostat.api")
POLL_S: Final = 0.2
QUEUED: Final = 1000
"""Events that may wait for one listener; more, and it is told to come back."""
_PAGE: Final = 500


@dataclass(eq=False, slots=True)
class Listener:
    """Who listens, to what, and what waits for them.

    Parameters
    ----------
    types : collection of str
        Types wanted; empty for all.
    subject : str or None
        ``tenant/agent``.
    closed : str
        Why nothing more comes; empty while something may.
    """

    tenant: str
    types: Collection[str] = ()
    subject: str | None = None
    closed: str = ""
    _waiting: asyncio.Queue[EventRow | None] = field(
        default_factory=lambda: asyncio.Queue(QUEUED + 1)
    )

    async def next(self) -> EventRow | None:
        """Return the next event, or None where the tail has let go of this listener."""
        return await self._waiting.get()

    def offer(self, event: EventRow) -> None:
        """Queue `event` where it is wanted; close where it does not fit."""
        if self.closed or not self._wants(event):
            return
        if self._waiting.qsize() >= QUEUED:
            self.close("too_slow")
        else:
            self._waiting.put_nowait(event)

    def close(self, reason: str) -> None:
        """Say that nothing more comes; what is queued already is still delivered."""
        if not self.closed:
            self.closed = reason
            self._waiting.put_nowait(None)

    def _wants(self, event: EventRow) -> bool:
        return (not self.types or event.type in self.types) and self.subject in (
            None,
            event.subject,
        )


class LiveTail:
    """Polls the events while, and only while, somebody listens.

    Parameters
    ----------
    engine : Engine
        The projections.
    poll_s : float
        Seconds between two looks.
    """

    def __init__(self, engine: Engine, poll_s: float = POLL_S) -> None:
        self._engine = engine
        self._poll_s = poll_s
        self._listeners: set[Listener] = set()
        self._polling: asyncio.Task[None] | None = None
        self._closing = False
        self._reached: dict[str, int] = {}

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    @asynccontextmanager
    async def listening(self, listener: Listener) -> AsyncIterator[int]:
        """Let `listener` have every event from now on; gives the `seq` that it starts after."""
        reached = self._reached.get(listener.tenant)
        start = await self._latest() if reached is None else reached
        start = self._reached.setdefault(listener.tenant, start)
        self._listeners.add(listener)
        if self._closing:
            listener.close("server_going_down")
        elif self._polling is None:
            self._polling = asyncio.create_task(self._poll())
        try:
            yield start
        finally:
            self._listeners.discard(listener)
            if all(other.tenant != listener.tenant for other in self._listeners):
                self._reached.pop(listener.tenant, None)
            if not self._listeners:
                await self._rest()

    async def close(self) -> None:
        """Tell every listener that the server goes down."""
        self._closing = True
        for listener in self._listeners:
            listener.close("server_going_down")
        await self._rest()

    async def _rest(self) -> None:
        polling, self._polling = self._polling, None
        if polling is not None:
            polling.cancel()
            with suppress(asyncio.CancelledError):
                await polling

    async def _poll(self) -> None:
        while True:
            try:
                latest = await self._latest()
                for tenant in list(self._reached):
                    await self._forward(tenant, latest)
            except DBAPIError as error:
                _LOG.warning("the live tail cannot read events: %s", error)
            await asyncio.sleep(self._poll_s)

    async def _forward(self, tenant: str, latest: int) -> None:
        """Offer a tenant's events up to `latest`, where its listeners are not there yet."""
        while (after := self._reached.get(tenant, latest)) < latest:
            rows = await run_in_threadpool(self._read, tenant, after)
            if tenant not in self._reached:
                return  # the last of its listeners left meanwhile
            self._offer(tenant, rows)
            last = rows[-1].seq if rows else latest
            # A short page holds all there was when `latest` was read.
            done = last if len(rows) == _PAGE else max(last, latest)
            self._reached[tenant] = max(done, self._reached[tenant])

    def _offer(self, tenant: str, rows: Sequence[EventRow]) -> None:
        for listener in self._listeners:
            if listener.tenant == tenant:
                for row in rows:
                    listener.offer(row)

    async def _latest(self) -> int:
        return await run_in_threadpool(self._ask_latest)

    def _ask_latest(self) -> int:
        with self._engine.connect() as connection:
            return latest_event_seq(connection)

    def _read(self, tenant: str, after: int) -> list[EventRow]:
        with self._engine.connect() as connection:
            return list_events(connection, tenant, after=after, limit=_PAGE)
