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
from api.schemas.common import MAX_SEQ, Limit, Listing, Plain, listed
from api.schemas.events import EventView
from api.services import Served
from api.sse import stream
from projections.queries.events import list_events

router = APIRouter(tags=["events"], responses=READS, route_class=Reading)
Types = Annotated[
    list[str] | None, Query(alias="type", max_length=50, description="One or more event types.")
]
Subject = Annotated[str | None, Query(max_length=401, description="`tenant/agent`.")]


@router.get("/events", response_model=Listing[EventView], **WAITS)
def events(
    served: Served,
    _caller: Viewer,
    tenant: Tenant,
    *,
    types: Types = None,
    subject: Subject = None,
    after: Annotated[
        int, Query(ge=0, le=MAX_SEQ, description="Only events with a greater `seq`.")
    ] = 0,
    before: Annotated[
        int | None,
        Query(
            ge=1,
            le=MAX_SEQ,
            description="The last events with a smaller `seq`; then `next` leads back.",
        ),
    ] = None,
    as_of: AsOf = None,
    cursor: Annotated[
        int | None, Query(ge=0, le=MAX_SEQ, description="`next` of an earlier page.")
    ] = None,
    limit: Limit = 100,
) -> Plain:
    """Return events in the order in which they became visible, oldest first.

    With `as_of`, only those that had happened by then.
    """
    past = before is not None
    rows = served.ask(
        list_events,
        tenant,
        after=after if past else max(after, cursor or 0),
        before=(cursor or before) if past else None,
        until=as_of,
        types=types or (),
        subject=subject,
        limit=limit,
    )
    following = str(rows[0 if past else -1].seq) if len(rows) == limit else None
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
    *,
    types: Types = None,
    subject: Subject = None,
    last_event_id: Annotated[int | None, Header(ge=0, le=MAX_SEQ)] = None,
) -> StreamingResponse:
    """Stream server-sent events from now on, or from after `Last-Event-ID` (an event's `seq`).

    A listener that does not keep up is told `too_slow` and let go; it comes back with the last
    id that it has seen.
    """
    listener = Listener(tenant, frozenset(types or ()), subject)
    return StreamingResponse(
        stream(served, listener, last_event_id, request.state.admitted),
        media_type="text/event-stream",
        headers={"x-accel-buffering": "no"},
    )
