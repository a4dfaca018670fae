"""Totals for monitoring systems: counts by label, and single agents up to a number."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, Table, func, select

from projections.models import actions, agents, findings, incidents
from projections.queries.incidents import ACTIVE
from projections.queries.paging import unindexed

Counted = list[tuple[tuple[str, ...], float]]
"""Label values and how many there are."""


def agent_counts(connection: Connection, tenant: str | None) -> Counted:
    """Return how many agents there are, by tenant, type, status and health."""
    return _counted(connection, agents, ("tenant_id", "type", "status", "health_level"), tenant)


def open_finding_counts(connection: Connection, tenant: str | None) -> Counted:
    """Return how many findings are open, by tenant, kind and severity."""
    query = _query(findings, ("tenant_id", "kind", "severity"), tenant)
    return _rows(connection, query.where(findings.c.ended_at.is_(None)))


def withheld_finding_counts(connection: Connection, tenant: str | None) -> Counted:
    """Return how many of the open findings silences withhold, by tenant, kind and severity."""
    query = _query(findings, ("tenant_id", "kind", "severity"), tenant)
    return _rows(
        connection, query.where(findings.c.ended_at.is_(None), findings.c.silence_id != "")
    )


def open_threat_counts(connection: Connection, tenant: str | None) -> Counted:
    """Return how many threats are open, by tenant, rule and severity."""
    query = _query(findings, ("tenant_id", "rule", "severity"), tenant)
    return _rows(connection, query.where(findings.c.ended_at.is_(None), findings.c.rule != ""))


def active_incident_counts(connection: Connection, tenant: str | None) -> Counted:
    """Return how many incidents are not closed, by tenant, status and severity."""
    query = _query(incidents, ("tenant_id", "status", "severity"), tenant)
    return _rows(connection, query.where(incidents.c.status.in_(ACTIVE)))


def action_counts(connection: Connection, tenant: str | None) -> Counted:
    """Return how many actions there are, by tenant, action, state and outcome."""
    return _counted(connection, actions, ("tenant_id", "action", "state", "outcome"), tenant)


def security_scores(connection: Connection, tenant: str | None, most: int) -> Counted:
    """Return up to `most` agents that lost trust, with their scores, the worst first."""
    c = agents.c
    query = select(c.tenant_id, c.agent_id, c.security_score).where(c.security_score < 100.0)
    if tenant is not None:
        query = query.where(c.tenant_id == tenant)
    query = query.order_by(c.security_score, c.tenant_id, c.agent_id).limit(most)
    return _rows(connection, query)


def performance_scores(connection: Connection, tenant: str | None, most: int) -> Counted:
    """Return the performance of up to `most` agents that have one, the worst first."""
    c = agents.c
    query = select(c.tenant_id, c.agent_id, c.performance_score)
    query = query.where(c.performance_score.is_not(None))
    if tenant is not None:
        query = query.where(c.tenant_id == tenant)
    query = query.order_by(c.performance_score, c.tenant_id, c.agent_id).limit(most)
    return _rows(connection, query)


def agent_scores(connection: Connection, tenant: str | None, most: int) -> Counted:
    """Return the health score of up to `most` agents, the worst first, by tenant and agent."""
    c = agents.c
    query = select(c.tenant_id, c.agent_id, c.health_score).where(c.health_score.is_not(None))
    if tenant is not None:
        query = query.where(unindexed(c.tenant_id) == tenant)
    query = query.order_by(c.health_score, c.tenant_id, c.agent_id).limit(most)
    return _rows(connection, query)


def _counted(
    connection: Connection, table: Table, labels: tuple[str, ...], tenant: str | None
) -> Counted:
    return _rows(connection, _query(table, labels, tenant))


def _query(table: Table, labels: tuple[str, ...], tenant: str | None) -> Select[Any]:
    columns = [table.c[label] for label in labels]
    query = select(*columns, func.count()).group_by(*columns).order_by(*columns)
    return query if tenant is None else query.where(table.c.tenant_id == tenant)


def _rows(connection: Connection, query: Select[Any]) -> Counted:
    return [(tuple(row[:-1]), float(row[-1])) for row in connection.execute(query)]
