"""The installation itself: its parts, its positions, and records that were not accepted."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from api.errors import Problem, invalid, not_found
from api.identity.guard import InstallationOperator, InstallationViewer, Viewer
from api.pulse import overall
from api.routes import READS, WRITES
from api.routes.waiting import readable_place
from api.schemas.common import Cursor, Limit, Listing, Receipt
from api.schemas.system import DeadLetterView, Discard, PartView, ReachedView, SystemHealthView
from api.services import Served
from projections.queries.dead_letters import DeadLetterRow, get_dead_letter, list_dead_letters
from projections.queries.health import is_projected
from streams.contracts.envelope import rfc3339
from streams.contracts.events.system import RecordDiscarded

router = APIRouter(tags=["system"], responses=READS)


@router.get("/system/health")
async def health(
    served: Served,
    _caller: Viewer,
    as_of: Annotated[str | None, Query(include_in_schema=False)] = None,
) -> SystemHealthView:
    """Return the state of every part; answers within about a second whatever is away."""
    if as_of is not None:
        remedy = "the state of the parts is not kept; leave it out, or let Prometheus keep /metrics"
        raise invalid("as_of", as_of, remedy)
    now = time.time()
    parts = await served.pulse.parts(now)
    shown = {name: PartView.model_validate(part) for name, part in parts.items()}
    return SystemHealthView(status=overall(parts), at=rfc3339(now), components=shown)


@router.get("/system/reached")
def reached(
    served: Served, _caller: Viewer, position: Annotated[str, Query(max_length=300)]
) -> ReachedView:
    """Tell whether what was written at a receipt's `position` can be read by now."""
    place = readable_place("position", position)
    there = served.ask(is_projected, place.topic, place.partition, place.offset)
    return ReachedView(position=position, reached=there)


@router.get("/dead-letters")
def dead_letters(
    served: Served,
    _caller: InstallationViewer,
    *,
    kind: str | None = None,
    reason: str | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Listing[DeadLetterView]:
    """Return records that were not accepted, newest first."""
    page = served.ask(list_dead_letters, kind=kind, reason=reason, limit=limit, cursor=cursor)
    return Listing(
        items=[DeadLetterView.model_validate(row) for row in page.items], next=page.next_cursor
    )


@router.get("/dead-letters/{event_id}")
def dead_letter(served: Served, _caller: InstallationViewer, event_id: str) -> DeadLetterView:
    """Return one record that was not accepted, with all of its bytes."""
    return DeadLetterView.model_validate(_found(served.ask(get_dead_letter, event_id), event_id))


@router.post("/dead-letters/{event_id}/discard", status_code=202, responses=WRITES)
async def discard(
    served: Served, caller: InstallationOperator, event_id: str, body: Discard
) -> Receipt:
    """Dismiss a record that was not accepted; it stays in the log."""
    row = _found(await served.ask_aside(get_dead_letter, event_id), event_id)
    if row.kind not in ("dead_letter", "skipped"):
        detail = f"record {event_id} is {row.kind}; only a dead letter can be discarded, once"
        raise Problem(HTTPStatus.CONFLICT, "not-discardable", detail)
    fact = RecordDiscarded(event_id, caller.name, body.reason)
    return await served.receipt(f"default/{row.topic}", fact)


def _found(row: DeadLetterRow | None, event_id: str) -> DeadLetterRow:
    if row is None:
        raise not_found("dead letter", event_id, "the installation")
    return row
