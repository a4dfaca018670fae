"""What agents measured last before a past moment, from the windows that had closed by then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, select

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
        for windows in (metric_windows, metric_hours):
            if not missing:
                break
            values = {"tenant": tenant, "agents": sorted(missing), "metric": metric, "at": at}
            for agent_id, last, closed_at in connection.execute(_newest(windows), values):
                if last is not None:
                    found[agent_id].add(metric, last, closed_at)
                    missing.discard(agent_id)
    return dict(found)


def _metrics(
    connection: Connection, tenant: str, agent_ids: Sequence[str]
) -> Iterable[tuple[str, list[str]]]:
    """Return each metric with the agents that ever sent it."""
    having: dict[str, list[str]] = defaultdict(list)
    values = {"tenant": tenant, "agents": list(agent_ids)}
    for agent_id, metrics in connection.execute(_sent(), values):
        for metric in metrics:
            having[metric].append(agent_id)
    return sorted(having.items())


@lru_cache
def _sent() -> Select[Any]:
    return _named(select(agents.c.agent_id, agents.c.metrics))


def _named(query: Select[Any]) -> Select[Any]:
    """Return `query` of those of the parameters `tenant` and `agents`."""
    known = agents.c.agent_id.in_(bindparam("agents", expanding=True))
    return query.where(agents.c.tenant_id == bindparam("tenant"), known)


@lru_cache
def _newest(windows: Table) -> Select[Any]:
    """Return a query of the newest window of each agent that had closed by then.

    Subqueries and no join: a planner might begin a join with every window of an agent.
    """
    c = windows.c
    at: Any = bindparam("at")
    width: Any = c.width_s if "width_s" in c else HOUR_S
    newest = (
        select(c.last)
        .where(
            c.tenant_id == agents.c.tenant_id,
            c.agent_id == agents.c.agent_id,
            c.metric == bindparam("metric"),
            c.start <= at,
            c.start + width <= at,
        )
        .order_by(c.start.desc())
        .limit(1)
        .correlate(agents)
    )
    closed = newest.with_only_columns(c.start + width)
    return _named(
        select(
            agents.c.agent_id,
            newest.scalar_subquery().label("last"),
            closed.scalar_subquery().label("closed_at"),
        )
    )
