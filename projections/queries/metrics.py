"""The history of a metric."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, select

from projections.models import metric_hours, metric_windows
from projections.read_models.metric import HOUR_S


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One window of a metric: what was measured in it, and what was expected.

    `start` is in seconds since the epoch; the expected range is None where it was not learnt yet.
    """

    start: float
    count: int
    mean: float
    minimum: float
    maximum: float
    last: float
    expected_low: float | None
    expected_high: float | None


def metric_history(
    connection: Connection,
    tenant: str,
    agent_id: str,
    metric: str,
    *,
    since: float,
    until: float,
    resolution: str = "minute",
    closed_by: float | None = None,
    limit: int = 10_000,
) -> list[MetricPoint]:
    """Return the windows that start in ``[since, until)``, oldest first.

    Parameters
    ----------
    resolution : str
        ``minute`` (kept for days) or ``hour`` (kept for a year).
    closed_by : float or None
        Only those that were over then, seconds since the epoch.

    Raises
    ------
    ValueError
        For another resolution.
    """
    if resolution not in ("minute", "hour"):
        raise ValueError(f"resolution is {resolution!r}; use minute or hour")
    table = metric_windows if resolution == "minute" else metric_hours
    query = (
        select(*(table.c[each.name] for each in fields(MetricPoint)))
        .where(
            table.c.tenant_id == tenant,
            table.c.agent_id == agent_id,
            table.c.metric == metric,
            table.c.start >= since,
            table.c.start < until,
        )
        .order_by(table.c.start)
        .limit(limit)
    )
    if closed_by is not None:
        width: Any = table.c.width_s if resolution == "minute" else HOUR_S
        query = query.where(table.c.start + width <= closed_by)
    return [MetricPoint(**row) for row in connection.execute(query).mappings()]


def metric_names(connection: Connection, tenant: str, agent_id: str) -> list[str]:
    """Return the metrics of an agent that have a history."""
    table = metric_hours
    query = (
        select(table.c.metric)
        .where(table.c.tenant_id == tenant, table.c.agent_id == agent_id)
        .distinct()
        .order_by(table.c.metric)
    )
    return list(connection.execute(query).scalars())
