"""What agents measured last before a past moment, from the windows that had closed by then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select

from projections.models import agents, metric_hours, metric_windows
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
    """Return what those agents had measured at `at`, by agent; one query a metric.

    Where the minutes are kept no longer, the hours answer.
    """
    found: dict[str, Measured] = defaultdict(Measured)
    for metric, having in _metrics(connection, tenant, agent_ids):
        missing = set(having)
        for windows, width in (
            (metric_windows, metric_windows.c.width_s),
            (metric_hours, HOUR_S),
        ):
            for row in _newest(connection, windows, width, tenant, sorted(missing), metric, at):
                found[row.agent_id].add(metric, row.last, row.closed_at)
                missing.discard(row.agent_id)
    return dict(found)


def _metrics(
    connection: Connection, tenant: str, agent_ids: Sequence[str]
) -> Iterable[tuple[str, list[str]]]:
    """Return each metric with the agents that ever sent it."""
    query = select(agents.c.agent_id, agents.c.metrics).where(
        agents.c.tenant_id == tenant, agents.c.agent_id.in_(agent_ids)
    )
    having: dict[str, list[str]] = defaultdict(list)
    for row in connection.execute(query):
        for metric in row.metrics:
            having[metric].append(row.agent_id)
    return sorted(having.items())


def _newest(
    connection: Connection,
    windows: Table,
    width: ColumnElement[float] | float,
    tenant: str,
    agent_ids: Sequence[str],
    metric: str,
    at: float,
) -> Iterable[Any]:
    """Return the newest window of each agent that had closed by `at`.

    Subqueries and no join: a planner might begin a join with every window of an agent.
    """
    if not agent_ids:
        return ()
    c = windows.c
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
        .correlate(agents)
    )
    closed = newest.with_only_columns(c.start + width)
    found = select(
        agents.c.agent_id,
        newest.scalar_subquery().label("last"),
        closed.scalar_subquery().label("closed_at"),
    ).where(agents.c.tenant_id == tenant, agents.c.agent_id.in_(agent_ids))
    return [row for row in connection.execute(found) if row.last is not None]
