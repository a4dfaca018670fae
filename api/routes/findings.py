"""Findings, and why: the chain from measurement to outcome."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from api.errors import not_found
from api.identity.guard import Tenant, Viewer
from api.routes import READS
from api.routes.moments import AsOf
from api.routes.waiting import WAITS
from api.schemas.common import Cursor, Limit, Listing
from api.schemas.events import EventView
from api.schemas.findings import Chain, FindingView, Link
from api.services import Served
from projections.queries.as_of import finding_then
from projections.queries.events import EventRow, chain
from projections.queries.findings import FindingRow, get_finding, list_findings

router = APIRouter(prefix="/findings", tags=["findings"], responses=READS)


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
    page = served.ask(
        list_findings,
        tenant,
        state=state,
        kind=kind,
        severity=severity if as_of is None else None,
        agent_id=agent,
        at=as_of,
        limit=limit,
        cursor=cursor,
    )
    rows = page.items
    if as_of is not None:  # a page may then be shorter: what was another severity is left out
        rows = [finding_then(row, as_of) for row in rows]
        rows = [row for row in rows if severity in (None, row.severity)]
    items = [FindingView.model_validate(row) for row in rows]
    return Listing(items=items, next=page.next_cursor)


@router.get("/{finding_id}", **WAITS)
def finding(
    served: Served, _caller: Viewer, tenant: Tenant, finding_id: str, as_of: AsOf = None
) -> FindingView:
    """Return one finding with its evidence, as it is or was."""
    row = _found(served, tenant, finding_id)
    if as_of is not None:
        if row.raised_at > as_of:
            raise not_found("finding", finding_id, tenant)
        row = finding_then(row, as_of)
    return FindingView.model_validate(row)


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


def _found(served: Served, tenant: str, finding_id: str) -> FindingRow:
    row = served.ask(get_finding, tenant, finding_id)
    if row is None:
        raise not_found("finding", finding_id, tenant)
    return row
