"""The windows of an agent: in blocks of agents, and those of earlier versions by agent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from heapq import merge
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, Integer, Select, Text, bindparam, cast, select

from projections.models import agent_numbers, agent_windows, open_hours, window_blocks
from projections.queries.statement import Statement
from projections.read_models.metric import Window
from projections.windows.lanes import section_reader, windows_in
from projections.windows.sections import AGENTS, SECTIONS, window_of, windows_of_lane

METRICS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
"""Of a row's metrics, to be decoded one by one: most of them are not asked for."""
WINDOW: Final = msgspec.json.Decoder(Window).decode
_AT_ONCE: Final = 1_000
"""Rows of blocks in one answer: PostgreSQL gives it whole, and a week is a hundred megabytes."""


class Place(NamedTuple):
    """A block of a tenant's agents, and the lane of one of them in it."""

    block: int
    lane: int


class Minute(NamedTuple):
    """One window of an agent; metrics are read from it one by one."""

    start: float
    width_s: float
    lane: int | None
    packed: Any

    def metric(self, name: str) -> Window | None:
        """Return the window of one metric, or None where it was not measured."""
        if self.lane is None:
            found = METRICS(self.packed).get(name)
            return None if found is None else WINDOW(found)
        section = SECTIONS(self.packed).get(name)
        return None if section is None else window_of(section, self.lane)

    def metrics(self) -> dict[str, Window]:
        """Return the windows of all metrics."""
        if self.lane is None:
            return {name: WINDOW(found) for name, found in METRICS(self.packed).items()}
        return windows_of_lane(self.packed, self.lane)


class Measured(NamedTuple):
    """One window of one metric of an agent."""

    start: float
    width_s: float
    window: Window


def places_of(connection: Connection, tenant: str, agents: Sequence[str]) -> dict[str, Place]:
    """Return where the windows of agents lie, of those that have any in blocks."""
    values = {"tenant": tenant, "agents": sorted(agents)}
    rows = _places().rows(connection, values)
    return {agent: Place(*divmod(number, AGENTS)) for agent, number in rows}


def minutes(
    connection: Connection,
    tenant: str,
    agent: str,
    place: Place | None,
    since: float,
    until: float,
    *,
    newest_first: bool = False,
) -> Iterator[Minute]:
    """Give the windows of an agent that start in ``[since, until)``."""
    values: dict[str, Any] = {"tenant": tenant, "agent": agent, "since": since, "until": until}
    found = [
        Minute(start, width, None, packed)
        for start, width, packed in _by_agent(newest_first).rows(connection, values)
    ]
    if place is not None:
        values["block"] = place.block
        blocks = (
            Minute(start, width, place.lane, packed)
            for start, width, packed in _in_blocks(newest_first).rows(connection, values)
        )
        found += blocks
        if found and found[0].lane is None:
            found.sort(key=lambda minute: -minute.start if newest_first else minute.start)
    yield from found


def windows_of(
    connection: Connection,
    tenant: str,
    agent: str,
    place: Place | None,
    metric: str,
    since: float,
    until: float,
) -> Iterator[Measured]:
    """Give the windows of one metric of an agent that start in ``[since, until)``, oldest first."""
    values: dict[str, Any] = {"tenant": tenant, "agent": agent, "since": since, "until": until}
    by_agent = (
        Measured(start, width, WINDOW(found))
        for start, width, packed in _by_agent(newest_first=False).rows(connection, values)
        if (found := METRICS(packed).get(metric)) is not None
    )
    if place is None:
        return by_agent
    in_blocks = _of_metric(connection, values | {"block": place.block}, metric, place.lane)
    return merge(by_agent, in_blocks, key=attrgetter("start"))


def _of_metric(
    connection: Connection, values: Mapping[str, Any], metric: str, lane: int
) -> Iterator[Measured]:
    section_of, since = section_reader(metric), values["since"]

    def cut(start: float, width: float, packed: bytes) -> tuple[float, float, bytes]:
        return start, width, section_of(packed) or b""

    while True:
        now = {**values, "since": since, "most": _AT_ONCE}
        rows = _some_in_blocks().taken(connection, now, cut)
        known = [row for row in rows if row[2]]
        windows = windows_in([section for _, _, section in known], lane)
        for (start, width, _), window in zip(known, windows, strict=True):
            if window is not None:
                yield Measured(start, width, window)
        if len(rows) < _AT_ONCE:
            return
        since = math.nextafter(rows[-1][0], math.inf)


def newest_of_block(
    connection: Connection, tenant: str, block: int, at: float
) -> tuple[float, bytes] | None:
    """Return when a block's newest window closed that was over at `at`, and its sections."""
    values = {"tenant": tenant, "block": block, "at": at}
    rows = _newest().rows(connection, values)
    return (rows[0][0], rows[0][1]) if rows else None


def hours_not_added_up(
    connection: Connection, tenant: str, place: Place | None, since: float, until: float
) -> list[float]:
    """Return the hours in ``[since, until)`` that only minutes tell of yet, oldest first."""
    if place is None:
        return []
    values = {"tenant": tenant, "block": place.block, "since": since, "until": until}
    return [row[0] for row in _open().rows(connection, values)]


@lru_cache
def _places() -> Statement[Any]:
    c = agent_numbers.c
    known = c.agent_id.in_(bindparam("agents", expanding=True))
    query = select(c.agent_id, c.number).where(c.tenant_id == bindparam("tenant"), known)
    return Statement(query, tuple)


@lru_cache
def _by_agent(newest_first: bool) -> Statement[Any]:
    c = agent_windows.c
    query = select(c.start, c.width_s, cast(c.metrics, Text))
    return _within(query, c, c.agent_id == bindparam("agent"), newest_first)


@lru_cache
def _in_blocks(newest_first: bool) -> Statement[Any]:
    c = window_blocks.c
    query = select(c.start, c.width_s, c.windows)
    return _within(query, c, c.block == bindparam("block"), newest_first)


@lru_cache
def _some_in_blocks() -> Statement[Any]:
    c = window_blocks.c
    query = select(c.start, c.width_s, c.windows).limit(bindparam("most", type_=Integer))
    return _within(query, c, c.block == bindparam("block"), newest_first=False)


def _within(query: Select[Any], c: Any, mine: Any, newest_first: bool) -> Statement[Any]:
    query = query.where(
        c.tenant_id == bindparam("tenant"),
        mine,
        c.start >= bindparam("since"),
        c.start < bindparam("until"),
    )
    return Statement(query.order_by(c.start.desc() if newest_first else c.start), tuple)


@lru_cache
def _newest() -> Statement[Any]:
    c = window_blocks.c
    at: Any = bindparam("at")
    query = select(c.start + c.width_s, c.windows).where(
        c.tenant_id == bindparam("tenant"),
        c.block == bindparam("block"),
        c.start <= at,
        c.start + c.width_s <= at,
    )
    return Statement(query.order_by(c.start.desc()).limit(1), tuple)


@lru_cache
def _open() -> Statement[Any]:
    c = open_hours.c
    query = select(c.start).where(
        c.tenant_id == bindparam("tenant"),
        c.block == bindparam("block"),
        c.start >= bindparam("since"),
        c.start < bindparam("until"),
    )
    return Statement(query.order_by(c.start), tuple)
