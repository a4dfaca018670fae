"""Incidents, as they are or were, and what happened in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, Table, bindparam, select

from projections.models import incident_agents, incident_history, incidents
from projections.queries.paging import Page, Pages, asked_for, filled, narrowed, selected

ACTIVE: Final = ("open", "recovering")
"""Statuses of what is not closed."""


class IncidentRow(msgspec.Struct, frozen=True):
    """An incident as it was last told of; times in seconds since the epoch.

    `root`, `candidates` and `members` are as in `streams.contracts.events.incident`.
    """

    incident_id: str
    tenant_id: str
    title: str
    severity: str
    status: str
    since: float
    opened_at: float
    closed_at: float | None
    close_reason: str
    merged_into: str
    lasted_s: float | None
    root: dict[str, Any]
    candidates: list[dict[str, Any]]
    members: list[dict[str, Any]]
    merged: list[str]
    coordinated: bool
    agents: int
    findings: int
    open_findings: int
    withheld: bool
    acknowledged_by: str
    acknowledgement: dict[str, Any]
    assigned_to: str
    comments: list[dict[str, Any]]
    policy_version: int
    event_id: str
    updated_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentQuery:
    """Which incidents are asked for; None leaves a property open.

    Parameters
    ----------
    status : str or None
        open, recovering, closed; or ``active``: not closed.
    severity : str or None
        Its severity.
    agent_id : str or None
        Only those that this agent is, or was, in.
    acknowledged : bool or None
        Whether somebody looks after it, or did when it was closed.
    assigned_to : str or None
        Who is to look after it.
    """

    status: str | None = None
    severity: str | None = None
    agent_id: str | None = None
    acknowledged: bool | None = None
    assigned_to: str | None = None


ALL_INCIDENTS: Final = IncidentQuery()


def list_incidents(
    connection: Connection,
    tenant: str,
    wanted: IncidentQuery = ALL_INCIDENTS,
    *,
    as_of: float | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[IncidentRow]:
    """Return one page of the incidents that are `wanted`, the latest first.

    Parameters
    ----------
    as_of : float or None
        A past moment, in seconds since the epoch: those that were known then, as they were.
    """
    status, agent_id = wanted.status, wanted.agent_id
    asked = asked_for(severity=wanted.severity, assigned_to=wanted.assigned_to)
    values = asked | asked_for(agent_id=agent_id, at=as_of) | {"tenant": tenant}
    if status is not None:
        values["statuses"] = [*ACTIVE] if status == "active" else [status]
    whether = tuple(asked_for(acknowledged_by=wanted.acknowledged).items())
    given = status is not None, agent_id is not None, as_of is not None
    pages = _listed(tuple(asked), whether, *given)
    return pages.page(connection, values, limit, cursor)


def get_incident(
    connection: Connection, tenant: str, incident_id: str, as_of: float | None = None
) -> IncidentRow | None:
    """Return one incident as it is, or was at a moment; None where there is, or was, none."""
    query = _own(as_of is not None)
    table = incidents if as_of is None else incident_history
    values = {"tenant": tenant} | asked_for(at=as_of)
    row = connection.execute(query.where(table.c.incident_id == incident_id), values).one_or_none()
    return None if row is None else IncidentRow(*row)


def _own(past: bool) -> Select[Any]:
    table: Table = incident_history if past else incidents
    query = selected(table, IncidentRow).where(table.c.tenant_id == bindparam("tenant"))
    if past:
        at: Any = bindparam("at")
        query = query.where(table.c.valid_from <= at, table.c.valid_to > at)
    return query


@lru_cache
def _listed(
    given: tuple[str, ...],
    whether: tuple[tuple[str, bool], ...],
    statuses: bool,
    agent: bool,
    past: bool,
) -> Pages[IncidentRow]:
    table: Table = incident_history if past else incidents
    query = filled(narrowed(_own(past), table, given), table, whether)
    if statuses:
        query = query.where(table.c.status.in_(bindparam("statuses", expanding=True)))
    if agent:
        a = incident_agents.c
        joined = select(a.incident_id).where(
            a.tenant_id == bindparam("tenant"), a.agent_id == bindparam("agent_id")
        )
        if past:
            joined = joined.where(a.joined_at <= bindparam("at"))
        query = query.where(table.c.incident_id.in_(joined))
    order = [table.c.opened_at, table.c.incident_id]
    return Pages(query, order, IncidentRow, descending=True)
