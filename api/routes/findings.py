"""Findings, and why: the chain from measurement to outcome."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from api.errors import Problem, not_found
from api.identity.guard import Operator, Tenant, Viewer
from api.routes import READS, WRITES
from api.routes.moments import AsOf
from api.routes.reading import Reading
from api.routes.responses import FINDING, take_responses
from api.routes.waiting import WAITS
from api.schemas.common import Listing, Paging, Plain, Receipt, listed
from api.schemas.events import EventView
from api.schemas.findings import Chain, FindingsAsked, FindingView, Link, Reason
from api.services import Served
from projections.queries.as_of import get_finding_as_of, list_findings_as_of
from projections.queries.events import EventRow, chain
from projections.queries.findings import FindingQuery, FindingRow, get_finding, list_findings
from streams.contracts.events.finding import ACCEPTABLE, AcceptanceRequested

router = APIRouter(prefix="/findings", tags=["findings"], responses=READS, route_class=Reading)
take_responses(router, FINDING)


@router.get("", response_model=Listing[FindingView], **WAITS)
def findings(
    served: Served,
    _caller: Viewer,
    tenant: Tenant,
    asked: Annotated[FindingsAsked, Query()],
    paging: Paging,
    as_of: AsOf = None,
) -> Plain:
    """Return findings, newest first; with `as_of` those raised by then, as they were."""
    wanted = FindingQuery(**dict(asked))
    if as_of is None:
        page = served.ask(list_findings, tenant, wanted, **dict(paging))
    else:
        page = served.ask(list_findings_as_of, tenant, as_of, wanted, **dict(paging))
    return listed([FindingView.plain(row) for row in page.items], page.next_cursor)


@router.get("/{finding_id}", response_model=FindingView, **WAITS)
def finding(
    served: Served, _caller: Viewer, tenant: Tenant, finding_id: str, as_of: AsOf = None
) -> Plain:
    """Return one finding with its evidence, as it is or was."""
    return FindingView.plain(_found(served, tenant, finding_id, as_of))


@router.post("/{finding_id}/accept", status_code=202, responses=WRITES)
async def accept(
    served: Served, caller: Operator, tenant: Tenant, finding_id: str, body: Reason
) -> Receipt:
    """Accept what the detector found as the new normal; `finding.ended` says that it is."""
    row = await served.ask_aside(get_finding, tenant, finding_id)
    if row is None:
        raise not_found("finding", finding_id, tenant)
    _check_acceptable(row)
    asked = AcceptanceRequested(finding_id, body.reason, caller.name)
    return await served.receipt(f"{tenant}/{row.agent_id}", asked, row.correlation_id)


def _check_acceptable(row: FindingRow) -> None:
    if row.ended_at is not None:
        why = f"ended already: {row.end_reason}"
    elif row.kind not in ACCEPTABLE:
        why = f"is of the kind {row.kind}, which follows from a rule; change the policy instead"
    else:
        return
    raise Problem(HTTPStatus.CONFLICT, "not-acceptable", f"finding {row.finding_id} {why}")


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
