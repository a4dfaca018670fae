"""The audit trail: for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.identity.guard import Admin, Tenant
from api.routes import READS
from api.routes.waiting import WAITS
from api.schemas.audit import AuditView, Level, Outcome
from api.schemas.common import Cursor, Instant, Limit, Listing
from api.services import Served
from projections.queries.audit import list_audit

router = APIRouter(prefix="/audit", tags=["audit"], responses=READS)
Text = Annotated[str | None, Query(max_length=400)]


@router.get("", **WAITS)
def audit(
    request: Request,
    served: Served,
    caller: Admin,
    tenant: Tenant,
    *,
    actor: Text = None,
    action: Annotated[
        str | None, Query(max_length=400, description="An event's type, or `http.METHOD`.")
    ] = None,
    outcome: Outcome | None = None,
    level: Level | None = None,
    since: Annotated[Instant | None, Query(description="The first moment wanted.")] = None,
    until: Annotated[Instant | None, Query(description="The moment after the last.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Listing[AuditView]:
    """Return the tenant's records, newest first; without one named, an installation's sees all."""
    all_of_them = caller.everywhere and "tenant" not in request.query_params
    page = served.ask(
        list_audit,
        None if all_of_them else tenant,
        actor=actor,
        action=action,
        outcome=outcome,
        level=level,
        since=since.timestamp() if since else None,
        until=until.timestamp() if until else None,
        limit=limit,
        cursor=cursor,
    )
    return Listing(
        items=[AuditView.model_validate(row) for row in page.items], next=page.next_cursor
    )
