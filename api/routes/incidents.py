"""Incidents: what is wrong as one thing, root cause first."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query

from api.errors import not_found
from api.identity.guard import Tenant, Viewer
from api.routes import READS
from api.routes.moments import AsOf
from api.routes.reading import Reading
from api.routes.responses import INCIDENT, take_responses
from api.routes.waiting import WAITS
from api.schemas.common import Listing, Paging
from api.schemas.incidents import IncidentDetail, IncidentsAsked, IncidentView
from api.schemas.responses import acknowledgement_of, comments_of
from api.services import Served
from projections.queries.incidents import IncidentQuery, IncidentRow, get_incident, list_incidents
from projections.queries.timeline import timeline

router = APIRouter(prefix="/incidents", tags=["incidents"], responses=READS, route_class=Reading)
take_responses(router, INCIDENT)


@router.get("", **WAITS)
def incidents(
    served: Served,
    _caller: Viewer,
    tenant: Tenant,
    asked: Annotated[IncidentsAsked, Query()],
    paging: Paging,
    as_of: AsOf = None,
) -> Listing[IncidentView]:
    """Return incidents, the latest first; with `as_of` those known by then, as they were."""
    wanted = IncidentQuery(**dict(asked))
    page = served.ask(list_incidents, tenant, wanted, as_of=as_of, **dict(paging))
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
    said = {"acknowledgement": acknowledgement_of(row), "comments": comments_of(row)}
    return msgspec.structs.asdict(row) | {"root": row.root or None} | said
