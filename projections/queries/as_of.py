"""Rows as they were at a past moment: a query over intervals of validity and recorded times.

An agent's status and health come from their intervals, its type and labels from the facts that
set them, its metrics from the last windows that had begun. A finding keeps when each severity
began, an action when it reached each stage, so both are read as far as they had come.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, func, or_, select
from sqlalchemy.engine import RowMapping

from projections.models import agents, events, metric_windows, status_history
from projections.queries.actions import ActionRow
from projections.queries.agents import AgentRow, mentions
from projections.queries.findings import FindingRow
from projections.queries.paging import Page, page

STATUS: Final = status_history.alias("status_then")
HEALTH: Final = status_history.alias("health_then")
_STAGES: Final = (
    "proposed", "awaiting", "queued", "granted", "claimed", "verified", "finished", "refused",
)  # fmt: skip
_SILENT_S: Final = 600.0
"""How far back a window may have begun to count as the latest."""


def list_agents_as_of(
    connection: Connection,
    tenant: str,
    at: float,
    *,
    status: str | None = None,
    type: str | None = None,  # noqa: A002 - the column's name, and the API's
    health: str | None = None,
    text: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[AgentRow]:
    """Return the agents that were known at `at`, as they were; see `list_agents`.

    Type and labels are searched as they are now.
    """
    query = agents_as_of(tenant, at)
    if status is not None:
        query = query.where(func.coalesce(STATUS.c.value, "registered") == status)
    if health is not None:
        query = query.where(func.coalesce(HEALTH.c.value, "unknown") == health)
    if type is not None:
        query = query.where(agents.c.type == type)
    if text:
        query = query.where(mentions(text))
    found = page(connection, query, [agents.c.agent_id], agent_then, limit, cursor)
    return Page(completed(connection, found.items, at), found.next_cursor)


def get_agent_as_of(
    connection: Connection, tenant: str, agent_id: str, at: float
) -> AgentRow | None:
    """Return one agent as it was at `at`, or None where it was not registered yet."""
    query = agents_as_of(tenant, at).where(agents.c.agent_id == agent_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    return measured(connection, completed(connection, [agent_then(row)], at)[0], at)


def agents_as_of(tenant: str, at: float) -> Select[Any]:
    """Return a query of `AgentRow` columns for the agents that were registered at `at`."""
    a = agents.c
    known = (
        a.tenant_id, a.agent_id, a.type, a.provisional, a.labels, a.registered_at, a.updated_at,
    )  # fmt: skip
    then = (
        func.coalesce(STATUS.c.value, "registered").label("status"),
        func.coalesce(STATUS.c.valid_from, a.registered_at).label("status_since"),
        func.coalesce(STATUS.c.reason, "").label("status_reason"),
        func.coalesce(HEALTH.c.value, "unknown").label("health_level"),
        HEALTH.c.score.label("health_score"),
        HEALTH.c.valid_from.label("health_since"),
        func.coalesce(HEALTH.c.reason, "").label("health_reason"),
    )
    return (
        select(*known, *then)
        .outerjoin(STATUS, _valid(STATUS, "status", at))
        .outerjoin(HEALTH, _valid(HEALTH, "health", at))
        .where(a.tenant_id == tenant, a.registered_at <= at)
    )


def _valid(history: Any, aspect: str, at: float) -> Any:
    c = history.c
    return and_(
        c.tenant_id == agents.c.tenant_id,
        c.agent_id == agents.c.agent_id,
        c.aspect == aspect,
        c.valid_from <= at,
        or_(c.valid_to.is_(None), c.valid_to > at),
    )


def agent_then(row: RowMapping) -> AgentRow:
    """Return a row of `agents_as_of` without what only `completed` knows."""
    plain = dict(row)
    reason = plain.pop("health_reason")
    reasons = [part for part in reason.split(", ") if part]
    return AgentRow(
        **plain, consecutive_failures=0, health_reasons=reasons, metrics={}, last_seen=None
    )


def completed(connection: Connection, rows: list[AgentRow], at: float) -> list[AgentRow]:
    """Return `rows` with the type and labels of then."""
    if not rows:
        return rows
    subjects = {f"{row.tenant_id}/{row.agent_id}" for row in rows}
    e = events.c
    changed_since = select(e.subject).where(
        e.subject.in_(sorted(subjects)), e.type == "agent.labelled", e.time > at
    )
    stale = set(connection.execute(changed_since).scalars())
    return [
        _labelled(connection, row, at) if f"{row.tenant_id}/{row.agent_id}" in stale else row
        for row in rows
    ]


def _labelled(connection: Connection, row: AgentRow, at: float) -> AgentRow:
    e = events.c
    query = (
        select(e.data)
        .where(
            e.subject == f"{row.tenant_id}/{row.agent_id}",
            e.type.in_(("agent.registered", "agent.labelled")),
            e.time <= at,
        )
        .order_by(e.seq.desc())
        .limit(1)
    )
    data = connection.execute(query).scalar()
    return row if data is None else replace(row, type=data["agent_type"], labels=data["labels"])


def measured(connection: Connection, row: AgentRow, at: float) -> AgentRow:
    """Return `row` with the metrics of then, from the windows that had begun."""
    w = metric_windows.c
    query = (
        select(w.metric, w.last, w.start)
        .where(
            w.tenant_id == row.tenant_id,
            w.agent_id == row.agent_id,
            w.start <= at,
            w.start > at - _SILENT_S,
        )
        .order_by(w.start)
    )
    metrics, seen = {}, None
    for found in connection.execute(query):
        metrics[found.metric], seen = found.last, found.start
    return replace(row, metrics=metrics, last_seen=seen)


def finding_then(row: FindingRow, at: float) -> FindingRow:
    """Return a finding as it was at `at`, when it was raised already."""
    severities = [(when, severity) for when, severity in row.severities if when <= at]
    severity = severities[-1][1] if severities else row.severity
    row = replace(row, severities=severities, severity=severity)
    if row.ended_at is None or row.ended_at <= at:
        return row
    return replace(row, ended_at=None, end_reason="", lasted_s=None)


def action_then(row: ActionRow, at: float) -> ActionRow:
    """Return an action as far as it had come at `at`, when it was known already."""
    times = {stage: getattr(row, f"{stage}_at") for stage in _STAGES}
    later = [stage for stage, when in times.items() if when is not None and when > at]
    if not later:
        return row
    reached = [stage for stage, when in times.items() if when is not None and when <= at]
    approvals = [given for given in row.approvals if given["at"] <= at]
    unreached: dict[str, Any] = {f"{stage}_at": None for stage in later}
    row = replace(
        row,
        **unreached,
        state=reached[-1] if reached else "proposed",
        approvals=approvals,
        detail="",
        updated_at=max((times[stage] for stage in reached), default=row.created_at),
    )
    if "granted" in later:
        row = replace(row, approved_by="")
    if "finished" in later:
        row = replace(row, outcome="", duration_s=None, evidence={}, verified=False)
    return replace(row, check="") if "verified" in later else row
