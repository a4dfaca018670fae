"""A whole fleet at a glance: a few columns of every agent, for a map of it.

The database writes them as JSON itself: a hundred thousand agents as Python's values would keep
everybody else waiting for as long as these are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Text, bindparam, case, cast, func, select

from projections.models import agent_history, agents
from projections.queries.as_of import agents_as_of
from projections.queries.statement import Statement


@dataclass(frozen=True, slots=True)
class FleetColumns:
    """Arrays in JSON; the same place in each is the same agent; ordered by type, then id."""

    agent_id: msgspec.Raw
    agent_type: msgspec.Raw
    status: msgspec.Raw
    health: msgspec.Raw
    score: msgspec.Raw
    host: msgspec.Raw


def fleet_columns(connection: Connection, tenant: str, at: float | None = None) -> FleetColumns:
    """Return the columns of every agent of `tenant`, now or at a past moment."""
    statement = _columns(connection.dialect.name, past=at is not None)
    (columns,) = statement.rows(connection, {"tenant": tenant, "at": at})
    return FleetColumns(*(msgspec.Raw(column.encode()) for column in columns))


@lru_cache
def _columns(dialect: str, *, past: bool) -> Statement[Any]:
    c = agent_history.c if past else agents.c
    query = agents_as_of() if past else select(c.agent_id).where(c.tenant_id == bindparam("tenant"))
    host = func.coalesce(c.labels["host"].as_string(), "").label("host")
    chosen = (c.agent_id, c.type, c.status, c.health_level, c.health_score, host)
    # Without a limit, a planner may hold that no order is needed.
    all_of_them: Any = bindparam("all_of_them", None if dialect == "postgresql" else -1)
    ordered = query.with_only_columns(*chosen).order_by(c.type, c.agent_id).limit(all_of_them)
    array = _array if dialect == "postgresql" else _array_of_sqlite
    arrays: list[Any] = [array(column) for column in ordered.subquery().c]
    return Statement(select(*arrays), tuple)


def _array(column: ColumnElement[Any]) -> ColumnElement[str]:
    return func.coalesce(cast(func.json_agg(column), Text), "[]")


def _array_of_sqlite(column: ColumnElement[Any]) -> ColumnElement[str]:
    if column.type.python_type is float:
        exact = case((column.is_(None), "null"), else_=func.printf(_EXACT, column))
        return func.printf("[%s]", func.coalesce(func.group_concat(exact), ""))
    return func.json_group_array(column)


_EXACT: Final = "%!.17g"
"""An array of its own making has only fifteen digits."""
