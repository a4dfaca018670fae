"""Tumbling windows of every series, by the step's time, closed all at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from processors.columns import Bools, Floats, Ints
from processors.step import Emission, Fact
from processors.surveillance import expected
from processors.surveillance.columns import SeriesColumns
from processors.surveillance.courses import judging
from processors.surveillance.state import SurveillanceState
from streams.contracts.events.agent import WindowsClosed

_AGENTS_AT_MOST: Final = 500


def add(c: SeriesColumns, series: Ints, value: Floats, at: Floats) -> Bools:
    """Fold one value of each of `series`, measured at `at`, into its open window.

    Returns
    -------
    Bools
        Which of them are news: those measured before the series' latest are history, which
        counts for the window and nothing else.
    """
    c.count[series] += 1
    c.total[series] += value
    c.low[series] = np.minimum(c.low[series], value)
    c.high[series] = np.maximum(c.high[series], value)
    news: Bools = at >= c.last_at[series]
    c.last[series[news]], c.last_at[series[news]] = value[news], at[news]
    return news


def is_over(state: SurveillanceState) -> bool:
    """Say whether the step's time has left the open window."""
    return state.time >= state.window_start + state.policy.surveillance.window_s


def close(state: SurveillanceState, offset: int) -> list[Emission]:
    """Close the open window, and open the one that holds the step's time."""
    width = state.policy.surveillance.window_s
    c = state.series
    filled = np.flatnonzero(c.count[: c.size])
    emissions = [Emission(offset, fact) for fact in _facts(state, filled, width)]
    emissions += judging.judge(state, offset, filled)
    c.count[filled], c.total[filled] = 0, 0.0
    c.low[filled], c.high[filled] = np.inf, -np.inf
    state.window_start = state.time // width * width
    return emissions


def _facts(state: SurveillanceState, filled: Ints, width: float) -> Iterator[Fact]:
    if not len(filled):
        return
    c = state.series
    order = filled[np.lexsort((c.slot[filled], c.metric[filled]))]
    edges = np.flatnonzero(np.diff(c.metric[order])) + 1
    groups = {state.metric_names[c.metric[g[0]]]: g for g in np.split(order, edges)}
    homes = _homes(state)
    for metric in sorted(groups):
        for tenant, rows in _by_tenant(c, groups[metric], homes):
            for first in range(0, len(rows), _AGENTS_AT_MOST):
                some = rows[first : first + _AGENTS_AT_MOST]
                agents = homes.of(c.slot[some])
                closed = _closed(state, metric, agents, some, width)
                yield Fact(f"{tenant}/windows", closed, state.time)


class _Homes(NamedTuple):
    """Of every slot its key, and the place of its tenant among `names`, which are sorted.

    `lists` holds what `of` returned before: agents of a kind send the same metrics.
    """

    keys: list[str]
    tenant: Ints
    names: list[str]
    lists: dict[bytes, list[str]]

    def of(self, slots: npt.NDArray[np.int32]) -> list[str]:
        """Return the keys of some slots."""
        wanted = slots.tobytes()
        if wanted not in self.lists:
            self.lists[wanted] = [self.keys[slot] for slot in slots.tolist()]
        return self.lists[wanted]


def _homes(state: SurveillanceState) -> _Homes:
    keys = ["" if profile is None else profile.key for profile in state.profiles]
    tenants = [key.partition("/")[0] for key in keys]
    names = sorted(set(tenants))
    places = {name: place for place, name in enumerate(names)}
    return _Homes(keys, np.array([places[name] for name in tenants], dtype=np.int64), names, {})


def _by_tenant(c: SeriesColumns, rows: Ints, homes: _Homes) -> Iterator[tuple[str, Ints]]:
    tenant = homes.tenant[c.slot[rows]]
    order = np.argsort(tenant, kind="stable")
    edges = np.flatnonzero(np.diff(tenant[order])) + 1
    for part in np.split(order, edges):
        yield homes.names[tenant[part[0]]], rows[part]


def _closed(
    state: SurveillanceState, metric: str, agents: list[str], rows: Ints, width: float
) -> WindowsClosed:
    c = state.series
    usual = expected.of_windows(state, rows, state.window_start + width / 2.0)
    return WindowsClosed(
        start=state.window_start,
        width_s=width,
        metric=metric,
        agents=agents,
        count=c.count[rows].tolist(),
        mean=(c.total[rows] / c.count[rows]).tolist(),
        minimum=c.low[rows].tolist(),
        maximum=c.high[rows].tolist(),
        last=c.last[rows].tolist(),
        expected_low=usual.low,
        expected_high=usual.high,
    )
