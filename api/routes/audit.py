"""The audit trail: for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.identity.guard import Admin, Tenant
from api.routes import READS
from api.routes.waiting import WAITS
from api.schemas.audit import AuditView, RecordsAsked
from api.schemas.common import Listing, Paging
from api.services import Served
from projections.queries.audit import list_audit

router = APIRouter(prefix="/audit", tags=["audit"], responses=READS)


@router.get("", **WAITS)
def audit(
    request: Request,
    served: Served,
    caller: Admin,
    tenant: Tenant,
    asked: Annotated[RecordsAsked, Query()],
    paging: Paging,
) -> Listing[AuditView]:
    """Return a tenant's records, newest first; for the installation's tokens, by default all."""
    all_of_them = caller.everywhere and "tenant" not in request.query_params
    whose = None if all_of_them else tenant
    page = served.ask(list_audit, whose, asked.query, **dict(paging))
    return Listing(
        items=[AuditView.model_validate(row) for row in page.items], next=page.next_cursor
    )
