"""Server-sent events: what was missed, then what happens.

Source: WHATWG HTML, "Server-sent events".
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec

from api.live import Listener
from api.schemas.events import EventView
from api.services import Services
from projections.queries.events import EventRow, list_events

HEARTBEAT_S: Final = 15.0
"""How long a quiet stream stays without a sign of life: proxies cut silent connections."""
LOOK_S: Final = 1.0
"""How long a quiet stream may outlive its token."""
RETRY_MS: Final = 1000
_PAGE: Final = 500


async def stream(
    services: Services,
    listener: Listener,
    resume_after: int | None,
    admitted: Callable[[], bool] = lambda: True,
) -> AsyncIterator[bytes]:
    """Give the frames of one listener until it leaves or is let go.

    Parameters
    ----------
    resume_after : int or None
        The `seq` that was seen last; None starts with what happens from now on.
    admitted : callable
        Says whether the listener's token is still valid; asked before each frame, of
        what was missed before each page.
    """
    async with services.live.listening(listener) as now:
        yield f"retry: {RETRY_MS}\n\n".encode()
        reached = now if resume_after is None else resume_after
        behind = resume_after is not None
        while behind and admitted():
            rows = await _missed(services, listener, reached)
            for row in rows:
                yield frame(row)
                reached = row.seq
            behind = bool(rows)
        async for event in _coming(listener, admitted):
            if event is None:
                yield b": still here\n\n"
            elif event.seq > reached:
                yield frame(event)
        yield farewell(listener.closed)


def frame(row: EventRow) -> bytes:
    """Return one event as a frame; its id is its `seq`."""
    data = EventView.model_validate(row).model_dump_json()
    return f"id: {row.seq}\nevent: {row.type}\ndata: {data}\n\n".encode()


def farewell(reason: str) -> bytes:
    """Return the last frame, which says why the stream ends."""
    data = msgspec.json.encode({"reason": reason, "remedy": "reconnect with Last-Event-ID"})
    return b"event: stream.closed\ndata: " + data + b"\n\n"


async def _missed(services: Services, listener: Listener, after: int) -> list[EventRow]:
    return await services.ask_aside(
        list_events,
        listener.tenant,
        after=after,
        types=listener.types,
        subject=listener.subject,
        limit=_PAGE,
    )


async def _coming(
    listener: Listener, admitted: Callable[[], bool]
) -> AsyncIterator[EventRow | None]:
    """Give events as they come while `admitted`, and None after every quiet `HEARTBEAT_S`."""
    quiet_s = 0.0
    while admitted():
        try:
            async with asyncio.timeout(min(LOOK_S, HEARTBEAT_S)):
                row = await listener.next()
        except TimeoutError:
            quiet_s += min(LOOK_S, HEARTBEAT_S)
            if quiet_s >= HEARTBEAT_S:
                quiet_s = 0.0
                yield None
            continue
        quiet_s = 0.0
        if row is None:
            return
        if admitted():
            yield row
    listener.close("token_ended")
