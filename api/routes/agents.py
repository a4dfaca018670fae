"""Agents: lists, one, its history, and what is asked of it."""

from __future__ import annotations

import math
import time
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import Connection

from api.errors import not_found
from api.identity.guard import Operator, Tenant, Viewer
from api.routes import READS, WRITES
from api.routes.moments import AsOf
from api.routes.reading import Reading
from api.routes.waiting import WAITS
from api.schemas.agents import (
    AgentDetail,
    AgentsAsked,
    AgentView,
    LifecycleRequest,
    MetricAsked,
    MetricHistory,
    MetricPointView,
    RelearnRequest,
)
from api.schemas.common import MAX_SEQ, Limit, Listing, Paging, Plain, Receipt, listed
from api.schemas.events import EventView
from api.services import Served
from projections.queries.agents import AgentQuery, AgentRow, get_agent, list_agents
from projections.queries.as_of import get_agent_as_of, list_agents_as_of, list_findings_as_of
from projections.queries.events import list_events
from projections.queries.findings import FindingQuery, FindingRow, list_findings
from projections.queries.metrics import MetricQuery, metric_history
from projections.queries.paging import Page
from streams.contracts.events.agent import LifecycleRequested, RelearnRequested
from streams.contracts.telemetry import check_id

router = APIRouter(prefix="/agents", tags=["agents"], responses=READS, route_class=Reading)
_DAY_S = 86_400.0


@router.get("", response_model=Listing[AgentView], **WAITS)
def agents(
    served: Served,
    _caller: Viewer,
    tenant: Tenant,
    asked: Annotated[AgentsAsked, Query()],
    paging: Paging,
    as_of: AsOf = None,
) -> Plain:
    """Return agents, by id unless sorted; with `as_of` those known then, as they were."""
    wanted = AgentQuery(**asked.wanted)
    if as_of is None:
        page = served.ask(list_agents, tenant, wanted, **dict(paging))
    else:
        page = served.ask(list_agents_as_of, tenant, as_of, wanted, **dict(paging))
    return listed([AgentView.plain(row) for row in page.items], page.next_cursor)


@router.get("/{agent_id}", response_model=AgentDetail, **WAITS)
def agent(
    served: Served, _caller: Viewer, tenant: Tenant, agent_id: str, as_of: AsOf = None
) -> Plain:
    """Return one agent, with its latest metrics and what is wrong with it now, or was then."""
    row, found = served.ask(_with_findings, tenant, agent_id, as_of)
    if row is None:
        raise not_found("agent", agent_id, tenant)
    return AgentDetail.with_findings(row, found.items)


def _with_findings(
    connection: Connection, tenant: str, agent_id: str, as_of: float | None
) -> tuple[AgentRow | None, Page[FindingRow]]:
    still_open = FindingQuery(state="open", agent_id=agent_id)
    if as_of is None:
        row = get_agent(connection, tenant, agent_id)
        return row, list_findings(connection, tenant, still_open)
    row = get_agent_as_of(connection, tenant, agent_id, as_of)
    return row, list_findings_as_of(connection, tenant, as_of, still_open)


@router.get("/{agent_id}/metrics", response_model=MetricHistory, **WAITS)
def metrics(
    served: Served,
    _caller: Viewer,
    tenant: Tenant,
    agent_id: str,
    asked: Annotated[MetricAsked, Query()],
    as_of: AsOf = None,
) -> Plain:
    """Return the windows of one metric that start in [since, until), as far as known `as_of`."""
    check_id("agent_id", agent_id)
    end = asked.until.timestamp() if asked.until else as_of or time.time()
    begin = asked.since.timestamp() if asked.since else end - _DAY_S
    closed_by = math.inf if as_of is None else as_of
    wanted = MetricQuery(asked.metric, begin, end, asked.resolution, closed_by)
    points = served.ask(metric_history, tenant, agent_id, wanted)
    items = [MetricPointView.plain(point) for point in points]
    return {"metric": asked.metric, "resolution": asked.resolution, "items": items}


@router.get("/{agent_id}/events", response_model=Listing[EventView], **WAITS)
def events(
    served: Served,
    _caller: Viewer,
    tenant: Tenant,
    agent_id: str,
    *,
    after: Annotated[int, Query(ge=0, le=MAX_SEQ)] = 0,
    limit: Limit = 100,
) -> Plain:
    """Return what happened to an agent, oldest first; `next` is the following page's `after`."""
    check_id("agent_id", agent_id)
    rows = served.ask(list_events, tenant, after=after, subject=f"{tenant}/{agent_id}", limit=limit)
    following = str(rows[-1].seq) if len(rows) == limit else None
    return listed([EventView.plain(row) for row in rows], following)


@router.post("/{agent_id}/lifecycle", status_code=202, responses=WRITES)
async def lifecycle(
    served: Served, caller: Operator, tenant: Tenant, agent_id: str, body: LifecycleRequest
) -> Receipt:
    """Ask for a transition; the event that follows says whether the lifecycle allows it."""
    check_id("agent_id", agent_id)
    asked = LifecycleRequested(body.status, body.reason, caller.name)
    return await served.receipt(f"{tenant}/{agent_id}", asked)


@router.post("/{agent_id}/relearn", status_code=202, responses=WRITES)
async def relearn(
    served: Served, caller: Operator, tenant: Tenant, agent_id: str, body: RelearnRequest
) -> Receipt:
    """Forget what is normal for an agent, and learn it anew, as after a move or a long fault."""
    check_id("agent_id", agent_id)
    asked = RelearnRequested(body.metrics, body.reason, caller.name)
    return await served.receipt(f"{tenant}/{agent_id}", asked)
