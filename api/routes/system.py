"""The installation itself: its parts, its positions, and records that were not accepted."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Query

from api.identity.guard import InstallationViewer, Viewer
from api.pulse import overall
from api.routes import READS
from api.routes.waiting import readable_place
from api.schemas.common import Cursor, Limit, Listing
from api.schemas.system import DeadLetterView, PartView, ReachedView, SystemHealthView
from api.services import Served
from projections.queries.dead_letters import list_dead_letters
from projections.queries.health import is_projected
from streams.contracts.envelope import rfc3339

router = APIRouter(tags=["system"], responses=READS)


@router.get("/system/health")
async def health(served: Served, _caller: Viewer) -> SystemHealthView:
    """Return the state of every part; answers within about a second whatever is away."""
    now = time.time()
    parts = await served.pulse.parts(now)
    shown = {name: PartView.model_validate(part) for name, part in parts.items()}
    return SystemHealthView(status=overall(parts), at=rfc3339(now), components=shown)


@router.get("/system/reached")
def reached(
    served: Served, _caller: Viewer, position: Annotated[str, Query(max_length=300)]
) -> ReachedView:
    """Say whether what was written at a receipt's `position` can be read by now."""
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
