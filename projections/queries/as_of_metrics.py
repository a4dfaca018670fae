"""What agents measured last before a past moment, from the windows that had closed by then."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, Text, bindparam, cast, select

from projections.models import agent_hours, agent_windows, agents
from projections.queries.metrics import HOUR, METRICS, WINDOW
from projections.queries.statement import Statement
from projections.read_models.metric import HOUR_S

_LAST: Final = 4
"""Where a window holds its last value."""
_HOURS_AT_ONCE: Final = 100


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
    found: dict[str, Measured] = {}
    if len(agent_ids) == 1:
        values: dict[str, Any] = {"tenant": tenant, "agent": agent_ids[0], "at": at}
        rows = _newest_of_one().rows(connection, values)
    else:
        values = {"tenant": tenant, "agents": sorted(agent_ids), "at": at}
        rows = _newest_of_some().rows(connection, values)
    for agent_id, sent, closed_at, newest in rows:
        measured = Measured()
        windows = {} if newest is None else METRICS(newest)
        missing = set(METRICS(sent))
        for metric in missing & windows.keys():
            measured.add(metric, WINDOW(windows[metric])[_LAST], closed_at)
        for metric, value, then in _older(
            connection, (tenant, agent_id), missing - set(windows), at
        ):
            measured.add(metric, value, then)
        if measured.metrics:
            found[agent_id] = measured
    return found


@lru_cache
def _newest_of_one() -> Statement[Any]:
    return Statement(_newest().where(agents.c.agent_id == bindparam("agent")), tuple)


@lru_cache
def _newest_of_some() -> Statement[Any]:
    known = agents.c.agent_id.in_(bindparam("agents", expanding=True))
    return Statement(_newest().where(known), tuple)


def _newest() -> Select[Any]:
    """Return a query of each agent's metrics, with the newest window that had closed by then."""
    c, other = agent_windows.c, agent_windows.alias("other")
    at: Any = bindparam("at")
    newest = (
        select(other.c.start)
        .where(
            other.c.tenant_id == agents.c.tenant_id,
            other.c.agent_id == agents.c.agent_id,
            other.c.start <= at,
            other.c.start + other.c.width_s <= at,
        )
        .order_by(other.c.start.desc())
        .limit(1)
        .correlate(agents)
        .scalar_subquery()
    )
    mine = (c.tenant_id == agents.c.tenant_id) & (c.agent_id == agents.c.agent_id)
    query = select(
        agents.c.agent_id, cast(agents.c.metrics, Text), c.start + c.width_s, cast(c.metrics, Text)
    ).select_from(agents.outerjoin(agent_windows, mine & (c.start == newest)))
    return query.where(agents.c.tenant_id == bindparam("tenant"))


def _older(
    connection: Connection, key: tuple[str, str], missing: set[str], at: float
) -> Iterator[tuple[str, float, float]]:
    """Give each metric that the newest window lacks, its last value and when that closed.

    The hours tell where to look: a metric may have been sent last months ago.
    """
    for hour, hourly in _back(connection, key, at) if missing else ():
        here = METRICS(hourly)
        for metric in sorted(missing & here.keys()):
            minute = _minute(connection, key, metric, hour, at)
            if minute is not None:
                yield metric, *minute
            elif hour + HOUR_S <= at:
                yield metric, HOUR(here[metric])[_LAST], hour + HOUR_S
            else:
                continue
            missing.discard(metric)
        if not missing:
            return


def _back(connection: Connection, key: tuple[str, str], at: float) -> Iterator[tuple[float, str]]:
    """Give an agent's hours that had begun by then, from the newest back."""
    values = {"tenant": key[0], "agent": key[1], "before": math.nextafter(at, math.inf)}
    while True:
        rows = _hours().rows(connection, values)
        yield from ((hour, metrics) for hour, metrics in rows)
        if len(rows) < _HOURS_AT_ONCE:
            return
        values["before"] = rows[-1][0]


def _minute(
    connection: Connection, key: tuple[str, str], metric: str, hour: float, at: float
) -> tuple[float, float] | None:
    """Return a metric's last value in the newest window of an hour that had closed by then."""
    values = {"tenant": key[0], "agent": key[1], "begin": hour, "end": hour + HOUR_S, "at": at}
    for closed, metrics in _minutes().rows(connection, values):
        if (window := METRICS(metrics).get(metric)) is not None:
            return WINDOW(window)[_LAST], closed
    return None


@lru_cache
def _hours() -> Statement[Any]:
    c = agent_hours.c
    query = select(c.start, cast(c.metrics, Text)).where(*_of(agent_hours))
    query = query.where(c.start < bindparam("before")).order_by(c.start.desc())
    return Statement(query.limit(_HOURS_AT_ONCE), tuple)


@lru_cache
def _minutes() -> Statement[Any]:
    c = agent_windows.c
    closed_at = c.start + c.width_s
    query = select(closed_at, cast(c.metrics, Text)).where(
        *_of(agent_windows),
        c.start >= bindparam("begin"),
        c.start < bindparam("end"),
        closed_at <= bindparam("at"),
    )
    return Statement(query.order_by(c.start.desc()), tuple)


def _of(table: Table) -> tuple[Any, Any]:
    return table.c.tenant_id == bindparam("tenant"), table.c.agent_id == bindparam("agent")
