"""The whole fleet at a glance."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Response

from api.identity.guard import Tenant, Viewer
from api.routes import READS
from api.routes.moments import AsOf
from api.routes.waiting import WAITS
from api.schemas.fleet import FleetView
from api.services import Served
from projections.queries.fleet import fleet_columns

router = APIRouter(prefix="/fleet", tags=["agents"], responses=READS)


@router.get("", response_model=FleetView, **WAITS)
async def fleet(served: Served, _caller: Viewer, tenant: Tenant, as_of: AsOf = None) -> Response:
    """Return a few columns of every agent, in one answer: for maps and counts."""

    async def read() -> bytes:
        columns = await served.ask_aside(fleet_columns, tenant, as_of)
        return msgspec.json.encode(FleetView.plain(columns))

    answer = await served.fleets.ask((tenant, as_of), read)
    return Response(answer, media_type="application/json")
