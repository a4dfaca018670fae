"""Incidents: what is wrong as one thing, root cause first."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query

from api.errors import not_found
from api.identity.guard import Tenant, Viewer
from api.routes import READS
from api.routes.moments import AsOf
from api.routes.reading import Reading
from api.routes.waiting import WAITS
from api.schemas.common import Cursor, Limit, Listing
from api.schemas.incidents import IncidentDetail, IncidentView
from api.services import Served
from projections.queries.incidents import IncidentRow, get_incident, list_incidents
from projections.queries.timeline import timeline

router = APIRouter(prefix="/incidents", tags=["incidents"], responses=READS, route_class=Reading)


@router.get("", **WAITS)
def incidents(
    served: Served,
    _caller: Viewer,
    tenant: Tenant,
    *,
    status: Annotated[
        Literal["active", "open", "recovering", "closed"] | None,
        Query(description="active: whatever is not closed."),
    ] = None,
    severity: str | None = None,
    agent: Annotated[str | None, Query(description="An agent's id.")] = None,
    as_of: AsOf = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Listing[IncidentView]:
    """Return incidents, the latest first; with `as_of` those known by then, as they were."""
    asked = {"status": status, "severity": severity, "agent_id": agent}
    page = served.ask(list_incidents, tenant, as_of=as_of, **asked, limit=limit, cursor=cursor)
    items = [IncidentView.model_validate(_plain(row)) for row in page.items]
    return Listing(items=items, next=page.next_cursor)


@router.get("/{incident_id}", **WAITS)
def incident(
    served: Served, _caller: Viewer, tenant: Tenant, incident_id: str, as_of: AsOf = None
) -> IncidentDetail:
    """Return one incident with its members, possible roots, and what happened in it."""
    row = served.ask(get_incident, tenant, incident_id, as_of)
    if row is None:
        raise not_found("incident", incident_id, tenant)
    told = served.ask(timeline, row, as_of)
    return IncidentDetail.model_validate(_plain(row) | {"timeline": told})


def _plain(row: IncidentRow) -> dict[str, Any]:
    return msgspec.structs.asdict(row) | {"root": row.root or None}
