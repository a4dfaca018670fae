"""What agents measured last before a past moment, from the windows that had closed by then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, func, select

from projections.models import agents, metric_hours, metric_windows
from projections.queries.statement import Statement
from projections.read_models.metric import HOUR_S


@dataclass(slots=True)
class Measured:
    """The last values by metric, and when the newest of their windows closed (epoch seconds)."""

    metrics: dict[str, float] = field(default_factory=dict)
    closed_at: float | None = None

    def add(self, metric: str, value: float, closed_at: float) -> None:
        """Take the newest value of one metric."""
        self.metrics[metric] = value
        self.closed_at = max(self.closed_at or closed_at, closed_at)


def latest_windows(
    connection: Connection, tenant: str, agent_ids: Sequence[str], at: float
) -> dict[str, Measured]:
    """Return what those agents had measured at `at`, by agent.

    Where the minutes are kept no longer, the hours answer.
    """
    found: dict[str, Measured] = defaultdict(Measured)
    if len(agent_ids) == 1:
        values: dict[str, Any] = {"tenant": tenant, "agent": agent_ids[0], "at": at}
        rows = _newest_of_one().rows(connection, values)
    else:
        values = {"tenant": tenant, "agents": sorted(agent_ids), "at": at}
        rows = _newest_of_some().rows(connection, values)
    for agent_id, metric, last, closed_at in rows:
        if last is not None:
            found[agent_id].add(metric, last, closed_at)
    return dict(found)


@lru_cache
def _newest_of_one() -> Statement[Any]:
    return Statement(_newest().where(agents.c.agent_id == bindparam("agent")), tuple)


@lru_cache
def _newest_of_some() -> Statement[Any]:
    known = agents.c.agent_id.in_(bindparam("agents", expanding=True))
    return Statement(_newest().where(known), tuple)


def _newest() -> Select[Any]:
    """Return a query of each agent's metrics, with the newest window that had closed by then.

    Subqueries and no join: a planner might begin a join with every window of an agent.
    """
    sent = func.json_each(agents.c.metrics).table_valued("key", name="sent", joins_implicitly=True)
    minutes, hours = (_window(windows, sent.c.key) for windows in (metric_windows, metric_hours))
    last, closed_at = (
        func.coalesce(minute.scalar_subquery(), hour.scalar_subquery()).label(name)
        for name, minute, hour in zip(("last", "closed_at"), minutes, hours, strict=True)
    )
    query = select(agents.c.agent_id, sent.c.key, last, closed_at)
    return query.where(agents.c.tenant_id == bindparam("tenant"))


def _window(windows: Table, metric: ColumnElement[str]) -> tuple[Select[Any], Select[Any]]:
    """Return queries of the newest window's last value, and of when it closed."""
    c = windows.c
    at: Any = bindparam("at")
    width: Any = c.width_s if "width_s" in c else HOUR_S
    newest = (
        select(c.last)
        .where(
            c.tenant_id == agents.c.tenant_id,
            c.agent_id == agents.c.agent_id,
            c.metric == metric,
            c.start <= at,
            c.start + width <= at,
        )
        .order_by(c.start.desc())
        .limit(1)
        .correlate_except(windows)
    )
    return newest, newest.with_only_columns(c.start + width)
