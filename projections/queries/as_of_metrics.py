"""What agents measured last before a past moment, from the windows that had closed by then."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Text, bindparam, cast, select

from projections.models import agent_hours, agent_windows, agents
from projections.queries.metrics import HOUR
from projections.queries.minutes import (
    METRICS,
    WINDOW,
    Minute,
    Place,
    hours_not_added_up,
    minutes,
    newest_of_block,
    places_of,
)
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
    places = places_of(connection, tenant, agent_ids)
    newest = _newest_windows(connection, tenant, agent_ids, places, at)
    for agent_id, sent in _sent(connection, tenant, agent_ids):
        measured, missing = Measured(), set(METRICS(sent))
        closed_at, windows = newest.get(agent_id, (at, {}))
        for metric in sorted(missing & windows.keys()):
            measured.add(metric, windows[metric], closed_at)
        agent = _Agent(tenant, agent_id, places.get(agent_id))
        for metric, value, then in _older(connection, agent, missing - windows.keys(), at):
            measured.add(metric, value, then)
        if measured.metrics:
            found[agent_id] = measured
    return found


class _Agent(NamedTuple):
    tenant: str
    agent_id: str
    place: Place | None


def _sent(
    connection: Connection, tenant: str, agent_ids: Sequence[str]
) -> Sequence[tuple[str, str]]:
    """Return the agents with the metrics that they ever sent."""
    c = agents.c
    query = select(c.agent_id, cast(c.metrics, Text)).where(
        c.tenant_id == tenant, c.agent_id.in_(sorted(agent_ids))
    )
    return [(agent_id, metrics) for agent_id, metrics in connection.execute(query)]


def _newest_windows(
    connection: Connection,
    tenant: str,
    agent_ids: Sequence[str],
    places: Mapping[str, Place],
    at: float,
) -> dict[str, tuple[float, dict[str, float]]]:
    """Return when the newest window closed, and the last values in it, of those that have any.

    Of a block the newest window is read once; who is silent in it is looked for on his own.
    """
    found: dict[str, tuple[float, dict[str, float]]] = {}
    blocks = {
        block: newest_of_block(connection, tenant, block, at)
        for block in {place.block for place in places.values()}
    }
    for agent_id, place in places.items():
        if (newest := blocks[place.block]) is None:
            continue
        closed_at, packed = newest
        if windows := Minute(closed_at, 0.0, place.lane, packed).metrics():
            found[agent_id] = closed_at, {name: w[_LAST] for name, w in windows.items()}
    older = [agent_id for agent_id in agent_ids if agent_id not in places]
    return found | (_newest_by_agent(connection, tenant, older, at) if older else {})


def _newest_by_agent(
    connection: Connection, tenant: str, agent_ids: Sequence[str], at: float
) -> dict[str, tuple[float, dict[str, float]]]:
    """Return the same of agents that have windows of earlier versions only."""
    values = {"tenant": tenant, "agents": sorted(agent_ids), "at": at}
    return {
        agent_id: (closed_at, {name: WINDOW(w)[_LAST] for name, w in METRICS(metrics).items()})
        for agent_id, closed_at, metrics in _newest().rows(connection, values)
    }


@lru_cache
def _newest() -> Statement[Any]:
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
    query = select(agents.c.agent_id, c.start + c.width_s, cast(c.metrics, Text)).select_from(
        agents.join(agent_windows, mine & (c.start == newest))
    )
    known = agents.c.agent_id.in_(bindparam("agents", expanding=True))
    return Statement(query.where(agents.c.tenant_id == bindparam("tenant"), known), tuple)


def _older(
    connection: Connection, agent: _Agent, missing: set[str], at: float
) -> Iterator[tuple[str, float, float]]:
    """Give each metric that the newest window lacks, its last value and when that closed.

    The hours tell where to look: a metric may have been sent last months ago.
    """
    for hour, hourly in _back(connection, agent, at) if missing else ():
        here = {} if hourly is None else METRICS(hourly)
        wanted = sorted(missing if hourly is None else missing & here.keys())
        closed = _minutes_of(connection, agent, hour, at) if wanted else []
        for metric in wanted:
            found = _last(closed, metric)
            if found is not None:
                yield metric, *found
            elif metric in here and hour + HOUR_S <= at:
                yield metric, HOUR(here[metric])[_LAST], hour + HOUR_S
            else:
                continue
            missing.discard(metric)
        if not missing:
            return


def _back(connection: Connection, agent: _Agent, at: float) -> Iterator[tuple[float, str | None]]:
    """Give an agent's hours that had begun by then, from the newest back.

    Those that are not added up yet, without what is in them.
    """
    before = math.nextafter(at, math.inf)
    not_added_up = hours_not_added_up(connection, agent.tenant, agent.place, -math.inf, before)
    values = {"tenant": agent.tenant, "agent": agent.agent_id, "before": before}
    while True:
        rows = _hours().rows(connection, values)
        for hour, metrics in rows:
            while not_added_up and not_added_up[-1] >= hour:
                yield not_added_up.pop(), None
            yield hour, metrics
        if len(rows) < _HOURS_AT_ONCE:
            yield from ((hour, None) for hour in reversed(not_added_up))
            return
        values["before"] = rows[-1][0]


def _minutes_of(connection: Connection, agent: _Agent, hour: float, at: float) -> list[Minute]:
    """Return an agent's windows of an hour that had closed by then, newest first."""
    return [
        minute
        for minute in minutes(connection, *agent, hour, hour + HOUR_S, newest_first=True)
        if minute.start + minute.width_s <= at
    ]


def _last(closed: Sequence[Minute], metric: str) -> tuple[float, float] | None:
    for minute in closed:
        if (window := minute.metric(metric)) is not None:
            return window[_LAST], minute.start + minute.width_s
    return None


@lru_cache
def _hours() -> Statement[Any]:
    c = agent_hours.c
    query = select(c.start, cast(c.metrics, Text)).where(
        c.tenant_id == bindparam("tenant"),
        c.agent_id == bindparam("agent"),
        c.start < bindparam("before"),
    )
    return Statement(query.order_by(c.start.desc()).limit(_HOURS_AT_ONCE), tuple)
