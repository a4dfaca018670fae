"""The history of a metric."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import islice
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Text, cast, select

from projections.models import agent_hours, agent_windows
from projections.read_models.metric import HOUR_S, Hour, Window

METRICS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
"""Of a row's metrics, to be decoded one by one: most of them are not asked for."""
WINDOW: Final = msgspec.json.Decoder(Window).decode
HOUR: Final = msgspec.json.Decoder(Hour).decode


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


_VALUES: Final = len(fields(MetricPoint)) - 1


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
    table = agent_windows if resolution == "minute" else agent_hours
    query = (
        select(table.c.start, cast(table.c.metrics, Text))
        .where(
            table.c.tenant_id == tenant,
            table.c.agent_id == agent_id,
            table.c.start >= since,
            table.c.start < until,
        )
        .order_by(table.c.start)
    )
    if closed_by is not None:
        width: Any = table.c.width_s if resolution == "minute" else HOUR_S
        query = query.where(table.c.start + width <= closed_by)
    decode = WINDOW if resolution == "minute" else HOUR
    found = ((start, METRICS(text).get(metric)) for start, text in connection.execute(query))
    points = (MetricPoint(start, *decode(one)[:_VALUES]) for start, one in found if one)
    return list(islice(points, limit))
