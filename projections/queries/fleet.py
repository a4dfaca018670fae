"""A whole fleet at a glance: a few columns of every agent, for a map of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select

from projections.models import agent_history, agents
from projections.queries.as_of import agents_as_of
from projections.queries.statement import Statement


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
    rows = _rows(past=at is not None).rows(connection, {"tenant": tenant, "at": at})
    columns = map(list, zip(*rows, strict=True)) if rows else ([] for _ in range(_COLUMNS))
    return FleetColumns(*columns)


_COLUMNS: Final = len(fields(FleetColumns))


@lru_cache
def _rows(*, past: bool) -> Statement[Any]:
    c = agent_history.c if past else agents.c
    query = agents_as_of() if past else select(c.agent_id).where(c.tenant_id == bindparam("tenant"))
    # Found by the database: reading all labels of a large fleet takes longer than all else.
    host = func.coalesce(c.labels["host"].as_string(), "")
    columns = (c.agent_id, c.type, c.status, c.health_level, c.health_score, host)
    return Statement(query.with_only_columns(*columns).order_by(c.type, c.agent_id), tuple)
