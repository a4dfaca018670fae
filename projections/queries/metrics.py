"""The history of a metric."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy import Connection, select

from projections.models import metric_hours, metric_windows


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
    limit: int = 10_000,
) -> list[MetricPoint]:
    """Return the windows that start in ``[since, until)``, oldest first.

    Parameters
    ----------
    resolution : str
        ``minute`` (kept for days) or ``hour`` (kept for a year).

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
