"""The whole fleet at a glance."""

from __future__ import annotations

from fastapi import APIRouter

from api.identity.guard import Tenant, Viewer
from api.routes import READS
from api.routes.moments import AsOf
from api.routes.reading import Reading
from api.routes.waiting import WAITS
from api.schemas.common import Plain
from api.schemas.fleet import FleetView
from api.services import Served
from projections.queries.fleet import fleet_columns

router = APIRouter(prefix="/fleet", tags=["agents"], responses=READS, route_class=Reading)


@router.get("", response_model=FleetView, **WAITS)
def fleet(served: Served, _caller: Viewer, tenant: Tenant, as_of: AsOf = None) -> Plain:
    """Return a few columns of every agent, in one answer: for maps and counts."""
    return FleetView.plain(served.ask(fleet_columns, tenant, as_of))
