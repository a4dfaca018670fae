"""The log of facts: pages, and the live stream."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from api.identity.guard import Tenant, Viewer
from api.live import Listener
from api.routes import READS
from api.routes.moments import AsOf
from api.routes.reading import Reading
from api.routes.waiting import WAITS
from api.schemas.common import MAX_SEQ, Listing, Plain, listed
from api.schemas.events import EventsAsked, EventView, StreamAsked
from api.services import Served
from api.sse import stream
from projections.queries.events import list_events

router = APIRouter(tags=["events"], responses=READS, route_class=Reading)


@router.get("/events", response_model=Listing[EventView], **WAITS)
def events(
    served: Served,
    _caller: Viewer,
    tenant: Tenant,
    asked: Annotated[EventsAsked, Query()],
    as_of: AsOf = None,
) -> Plain:
    """Return events in the order in which they became visible, oldest first.

    With `as_of`, only those that had happened by then.
    """
    past, cursor = asked.before is not None, asked.cursor
    rows = served.ask(
        list_events,
        tenant,
        after=asked.after if past else max(asked.after, cursor or 0),
        before=(cursor or asked.before) if past else None,
        until=as_of,
        types=asked.types,
        subject=asked.subject,
        limit=asked.limit,
    )
    following = str(rows[0 if past else -1].seq) if len(rows) == asked.limit else None
    return listed([EventView.plain(row) for row in rows], following)


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def live(
    request: Request,
    served: Served,
    _caller: Viewer,
    tenant: Tenant,
    asked: Annotated[StreamAsked, Query()],
    last_event_id: Annotated[int | None, Header(ge=0, le=MAX_SEQ)] = None,
) -> StreamingResponse:
    """Stream server-sent events from now on, or from after `Last-Event-ID` (an event's `seq`).

    A listener that does not keep up is told `too_slow` and let go; it comes back with the last
    id that it has seen.
    """
    listener = Listener(tenant, frozenset(asked.types), asked.subject)
    return StreamingResponse(
        stream(served, listener, last_event_id, request.state.admitted),
        media_type="text/event-stream",
        headers={"x-accel-buffering": "no"},
    )
