"""A whole fleet at a glance: a few columns of every agent, for a map of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from projections.models import agent_history, agents
from projections.queries.as_of import agents_as_of


@dataclass(frozen=True, slots=True)
class FleetColumns:
    """The same place in each list is the same agent; ordered by type, then id."""

    agent_id: list[str]
    agent_type: list[str]
    status: list[str]
    health: list[str]
    score: list[float | None]
    host: list[str]


def fleet_columns(connection: Connection, tenant: str, at: float | None = None) -> FleetColumns:
    """Return the columns of every agent of `tenant`, now or at a past moment."""
    c = agents.c if at is None else agent_history.c
    query = select(c.agent_id) if at is None else agents_as_of()
    query = query.with_only_columns(
        c.agent_id, c.type, c.status, c.health_level, c.health_score, c.labels
    ).where(c.tenant_id == tenant)
    values = {} if at is None else {"tenant": tenant, "at": at}
    rows = connection.execute(query.order_by(c.type, c.agent_id), values).all()
    return FleetColumns(
        agent_id=[row.agent_id for row in rows],
        agent_type=[row.type for row in rows],
        status=[row.status for row in rows],
        health=[row.health_level for row in rows],
        score=[row.health_score for row in rows],
        host=[row.labels.get("host", "") for row in rows],
    )
