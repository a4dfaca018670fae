"""The whole fleet at a glance."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request, Response

from api.errors import invalid
from api.etag import is_known, tag_of
from api.identity.guard import Tenant, Viewer
from api.routes import READS
from api.routes.moments import AsOf
from api.routes.waiting import TIMED_OUT, WAITS
from api.schemas.fleet import FleetView, GroupsAsked, GroupsView
from api.services import Served
from projections.queries.fleet import fleet_columns
from projections.queries.groups import fleet_groups

router = APIRouter(prefix="/fleet", tags=["agents"], responses=READS)


UNCHANGED: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "It is what `If-None-Match` names by an earlier answer's `ETag`."}
}


@router.get("", response_model=FleetView, **WAITS | {"responses": UNCHANGED | TIMED_OUT})
async def fleet(
    served: Served, _caller: Viewer, tenant: Tenant, request: Request, as_of: AsOf = None
) -> Response:
    """Return a few columns of every agent, in one answer: for maps and counts."""

    async def read() -> tuple[bytes, str]:
        columns = await served.ask_aside(fleet_columns, tenant, as_of)
        body = msgspec.json.encode(FleetView.plain(columns))
        return body, tag_of(body)

    body, tag = await served.fleets.ask((tenant, as_of), read)
    headers = {"etag": tag}
    if is_known(request, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@router.get("/groups", **WAITS)
async def groups(
    served: Served, _caller: Viewer, tenant: Tenant, asked: Annotated[GroupsAsked, Query()]
) -> GroupsView:
    """Return the fleet in groups: by what agents can do, are, or how well they work."""
    if (asked.by == "label") != bool(asked.label):
        raise invalid("label", asked.label, "name a label where `by` is label, and only there")
    found = await served.ask_aside(fleet_groups, tenant, asked.by, asked.label)
    items = [group._asdict() for group in found]
    return GroupsView.model_validate({"by": asked.by, "label": asked.label, "items": items})
