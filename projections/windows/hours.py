"""Adds up the minutes of an hour when it is over, a few blocks of agents at a time.

What an hour holds follows from its minutes alone, in the order of their starts; one that comes late
opens its hour again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from sqlalchemy import Connection, and_, delete, select

from projections import store
from projections.models import agent_hours, agent_windows, open_hours, window_blocks
from projections.read_models.metric import HOUR_S, Hour, added
from projections.windows.columns import Floats, decoded_alike, head_of
from projections.windows.numbers import agents_of_block
from projections.windows.sections import (
    AGENTS,
    COUNT,
    HIGH,
    LAST,
    LOW,
    MAXIMUM,
    MEAN,
    MINIMUM,
    SECTIONS,
)

WAITED_S: Final = HOUR_S + 300.0
"""From an hour's begin until it is added up: its windows are not so far apart in the log."""
_START: Final = HIGH + 1


def add_up(connection: Connection, newest: float, at_most: int | None = None) -> None:
    """Add up the hours that are over at the start of the `newest` window, oldest first."""
    c = open_hours.c
    due = select(c.tenant_id, c.block, c.start).where(c.start <= newest - WAITED_S)
    query = due.order_by(c.start).limit(at_most)
    for tenant, block, hour in connection.execute(query).all():
        _add_up(connection, tenant, block, hour)


def _add_up(connection: Connection, tenant: str, block: int, hour: float) -> None:
    o, agents, rows = open_hours.c, agents_of_block(connection, tenant, block), []
    before = _packed_otherwise(connection, tenant, list(agents.values()), hour)
    for lane, metrics in sorted(_hours(connection, tenant, block, hour).items()):
        agent = agents[lane]
        known = before.get(agent, {})
        for metric, part in metrics.items():
            _add_part(known, metric, part)
        rows.append({"tenant_id": tenant, "agent_id": agent, "start": hour, "metrics": known})
    store.upsert(connection, agent_hours, rows)
    connection.execute(
        delete(open_hours).where(o.tenant_id == tenant, o.block == block, o.start == hour)
    )


def _hours(
    connection: Connection, tenant: str, block: int, hour: float
) -> dict[int, dict[str, Hour]]:
    c = window_blocks.c
    mine = and_(c.tenant_id == tenant, c.block == block, c.start >= hour, c.start < hour + HOUR_S)
    alike: dict[str, dict[bytes, list[tuple[float, bytes]]]] = {}
    query = select(c.start, c.windows).where(mine).order_by(c.start)
    for start, windows in connection.execute(query):
        for metric, section in SECTIONS(windows).items():
            of = alike.setdefault(metric, {}).setdefault(head_of(section), [])
            of.append((start, section))
    found: dict[int, dict[str, Hour]] = {}
    for metric in sorted(alike):
        sums = _nothing()
        for sections in alike[metric].values():
            _add(sums, sections)
        for lane in np.flatnonzero(sums[COUNT]).tolist():
            found.setdefault(lane, {})[metric] = _hour(sums[:, lane].tolist())
    return found


def _nothing() -> Floats:
    sums = np.zeros((_START + 1, AGENTS))
    sums[MINIMUM], sums[MAXIMUM], sums[LOW:_START] = np.inf, -np.inf, np.nan
    sums[_START] = -np.inf
    return sums


def _add(sums: Floats, sections: Sequence[tuple[float, bytes]]) -> None:
    """Add sections of the same agents and forms, which are in the order of their starts."""
    lanes, new = decoded_alike([section for _, section in sections])
    old, newest = sums[:, lanes], sections[-1][0]
    old[MINIMUM] = np.minimum(old[MINIMUM], new[MINIMUM].min(axis=0))
    old[MAXIMUM] = np.maximum(old[MAXIMUM], new[MAXIMUM].max(axis=0))
    old[COUNT] += new[COUNT].sum(axis=0)
    old[MEAN] += (new[MEAN] * new[COUNT]).sum(axis=0)
    old[LOW] = np.fmin(old[LOW], np.fmin.reduce(new[LOW]))
    old[HIGH] = np.fmax(old[HIGH], np.fmax.reduce(new[HIGH]))
    old[LAST] = np.where(newest > old[_START], new[LAST][-1], old[LAST])
    old[_START] = np.maximum(old[_START], newest)
    sums[:, lanes] = old


def _hour(sums: list[float]) -> Hour:
    least, most, last, count, total, low, high, start = sums
    mean = min(max(total / count, least), most)
    bounds = (None if low != low else low, None if high != high else high)
    return int(count), mean, least, most, last, *bounds, start


def _packed_otherwise(
    connection: Connection, tenant: str, agents: list[str], hour: float
) -> dict[str, dict[str, Hour]]:
    """Return what is known of the hour from windows that an earlier version wrote."""
    c = agent_windows.c
    within = (c.start >= hour) & (c.start < hour + HOUR_S)
    if connection.scalar(select(c.start).where(within).limit(1)) is None:
        return {}
    query = select(c.agent_id, c.start, c.metrics).where(within, c.tenant_id == tenant)
    found: dict[str, dict[str, Hour]] = {}
    for agent, start, metrics in connection.execute(
        query.where(c.agent_id.in_(agents)).order_by(c.start)
    ):
        known = found.setdefault(agent, {})
        for metric, window in metrics.items():
            _add_part(known, metric, (*window, start))
    return found


def _add_part(known: dict[str, Hour], metric: str, part: Hour) -> None:
    known[metric] = added(known[metric], part) if metric in known else part
