"""The history of a metric."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import islice
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Text, bindparam, cast, select

from projections.models import agent_hours
from projections.queries.minutes import METRICS, hours_not_added_up, places_of, windows_of
from projections.queries.statement import Statement
from projections.read_models.metric import HOUR_S, Hour, added

HOUR: Final = msgspec.json.Decoder(Hour).decode


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One window of a metric: what was measured in it, and what was expected.

    `start` is in seconds since the epoch; the expected range is None where it was not learnt yet.
    It and the mean are kept with seven digits, the rest exactly.
    """

    start: float
    count: int
    mean: float
    minimum: float
    maximum: float
    last: float
    expected_low: float | None
    expected_high: float | None


@dataclass(frozen=True, slots=True)
class MetricQuery:
    """Which windows of a metric are asked for: those that start in ``[since, until)``.

    Parameters
    ----------
    metric : str
        Its name.
    since, until : float
        Seconds since the epoch.
    resolution : str
        ``minute`` (kept for days) or ``hour`` (kept for a year).
    closed_by : float
        Only those that were over then, seconds since the epoch.
    limit : int
        At most so many, from the oldest on.

    Raises
    ------
    ValueError
        For another resolution.
    """

    metric: str
    since: float
    until: float
    resolution: str = "minute"
    closed_by: float = math.inf
    limit: int = 10_000

    def __post_init__(self) -> None:
        if self.resolution not in ("minute", "hour"):
            raise ValueError(f"resolution is {self.resolution!r}; use minute or hour")


def metric_history(
    connection: Connection, tenant: str, agent_id: str, asked: MetricQuery
) -> list[MetricPoint]:
    """Return an agent's windows of a metric, oldest first."""
    of = _minutes if asked.resolution == "minute" else _hours
    return list(islice(of(connection, (tenant, agent_id), asked), asked.limit))


def _minutes(
    connection: Connection, key: tuple[str, str], asked: MetricQuery
) -> Iterator[MetricPoint]:
    place = places_of(connection, key[0], key[1:]).get(key[1])
    span = (asked.since, asked.until)
    for start, width, window in windows_of(connection, *key, place, asked.metric, *span):
        if start + width <= asked.closed_by:
            yield MetricPoint(start, *window)


def _hours(
    connection: Connection, key: tuple[str, str], asked: MetricQuery
) -> Iterator[MetricPoint]:
    """Give the hours that are added up, and those that are not, from their minutes."""
    values = {"tenant": key[0], "agent": key[1], "since": asked.since, "until": asked.until}
    found: dict[float, Hour] = {}
    for start, metrics in _added_up().rows(connection, values):
        if (one := METRICS(metrics).get(asked.metric)) is not None:
            found[start] = HOUR(one)
    place = places_of(connection, key[0], key[1:]).get(key[1])
    for start in hours_not_added_up(connection, key[0], place, asked.since, asked.until):
        parts = (
            (*one.window, one.start)
            for one in windows_of(connection, *key, place, asked.metric, start, start + HOUR_S)
        )
        if (first := next(parts, None)) is not None:
            found[start] = reduce(added, parts, first)
    for start in sorted(found):
        if start + HOUR_S <= asked.closed_by:
            yield MetricPoint(start, *found[start][:-1])


@lru_cache
def _added_up() -> Statement[Any]:
    c = agent_hours.c
    query = select(c.start, cast(c.metrics, Text)).where(
        c.tenant_id == bindparam("tenant"),
        c.agent_id == bindparam("agent"),
        c.start >= bindparam("since"),
        c.start < bindparam("until"),
    )
    return Statement(query, tuple)
