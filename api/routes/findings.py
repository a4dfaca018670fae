"""Findings, and why: the chain from measurement to outcome."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from api.errors import not_found
from api.identity.guard import Tenant, Viewer
from api.routes import READS
from api.routes.moments import AsOf
from api.routes.reading import Reading
from api.routes.waiting import WAITS
from api.schemas.common import Cursor, Limit, Listing
from api.schemas.events import EventView
from api.schemas.findings import Chain, FindingView, Link
from api.services import Served
from projections.queries.as_of import get_finding_as_of, list_findings_as_of
from projections.queries.events import EventRow, chain
from projections.queries.findings import FindingRow, get_finding, list_findings

router = APIRouter(prefix="/findings", tags=["findings"], responses=READS, route_class=Reading)


@router.get("", **WAITS)
def findings(
    served: Served,
    _caller: Viewer,
    tenant: Tenant,
    *,
    state: Literal["open", "ended"] | None = None,
    kind: str | None = None,
    severity: str | None = None,
    agent: Annotated[str | None, Query(description="An agent's id.")] = None,
    as_of: AsOf = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Listing[FindingView]:
    """Return findings, newest first; with `as_of` those raised by then, as they were."""
    asked = {"state": state, "kind": kind, "severity": severity, "agent_id": agent}
    if as_of is None:
        page = served.ask(list_findings, tenant, **asked, limit=limit, cursor=cursor)
    else:
        page = served.ask(list_findings_as_of, tenant, as_of, **asked, limit=limit, cursor=cursor)
    items = [FindingView.model_validate(row) for row in page.items]
    return Listing(items=items, next=page.next_cursor)


@router.get("/{finding_id}", **WAITS)
def finding(
    served: Served, _caller: Viewer, tenant: Tenant, finding_id: str, as_of: AsOf = None
) -> FindingView:
    """Return one finding with its evidence, as it is or was."""
    return FindingView.model_validate(_found(served, tenant, finding_id, as_of))


@router.get("/{finding_id}/chain", **WAITS)
def finding_chain(served: Served, _caller: Viewer, tenant: Tenant, finding_id: str) -> Chain:
    """Return everything that followed from a finding, with the milliseconds between."""
    found = _found(served, tenant, finding_id)
    rows = served.ask(chain, tenant, found.correlation_id or found.finding_id)
    return Chain.of(finding_id, links(rows))


def links(rows: list[EventRow]) -> list[Link]:
    """Return a chain's events with the milliseconds since their causes and since the first."""
    times = {row.id: row.time for row in rows}
    made = []
    for place, row in enumerate(rows):
        before = times.get(row.causation_id, rows[max(0, place - 1)].time)
        plain = EventView.model_validate(row).model_dump()
        after, total = (_milliseconds(row.time - t) for t in (before, rows[0].time))
        made.append(Link(**plain, after_ms=after, total_ms=total))
    return made


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _found(served: Served, tenant: str, finding_id: str, as_of: float | None = None) -> FindingRow:
    if as_of is None:
        row = served.ask(get_finding, tenant, finding_id)
    else:
        row = served.ask(get_finding_as_of, tenant, finding_id, as_of)
    if row is None:
        raise not_found("finding", finding_id, tenant)
    return row
