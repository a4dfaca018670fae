"""Thresholds with duration and hysteresis, many series at a time.

Being at or past `clear` is good, whatever the levels say; being at or past a level is bad;
between the two, what was reported stays, at the mildest level that the rule has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from config.policy import Threshold
from processors.columns import Bools, Floats, Ints
from processors.surveillance.columns import SeriesColumns

LEVELS: Final = ("", "warning", "critical")


class Rules:
    """The policy's thresholds by columns; `sign` turns "below" into "above"."""

    def __init__(self, thresholds: Sequence[Threshold]) -> None:
        self.rules = list(thresholds)
        self.sign = np.array([1.0 if t.above else -1.0 for t in thresholds])
        self.warning = self._level([t.warning for t in thresholds])
        self.critical = self._level([t.critical for t in thresholds])
        self.worst = np.where(np.isfinite(self.critical), self.critical, self.warning)
        self.clear = self._level([t.clear for t in thresholds])
        self.duration = np.array([t.duration_s for t in thresholds])
        self._of_metric: dict[str, list[tuple[int, Threshold]]] = {}
        for index, rule in enumerate(thresholds):
            self._of_metric.setdefault(rule.metric, []).append((index, rule))
        mildest = [1 if t.warning is not None else 2 for t in thresholds]
        self.mildest = np.array(mildest, dtype=np.int8)

    def _level(self, levels: Sequence[float | None]) -> Floats:
        given = [np.inf if v is None else v * s for v, s in zip(levels, self.sign, strict=True)]
        return np.array(given, dtype=np.float64)

    def find(self, metric: str, agent_type: str) -> int:
        """Return the first rule for a metric of such an agent; -1 where there is none."""
        for index, rule in self._of_metric.get(metric, ()):
            if not rule.agent_types or agent_type in rule.agent_types:
                return index
        return -1

    def measured(self, rule: Ints, value: Floats, reported: Ints) -> Ints:
        """Return the level (0 to 2) that each value indicates."""
        seen = value * self.sign[rule]
        level = np.minimum(reported, self.mildest[rule]).astype(np.int64)
        level[seen >= self.warning[rule]] = 1
        level[seen >= self.critical[rule]] = 2
        level[seen <= self.clear[rule]] = 0
        return level


def observe(
    rules: Rules, c: SeriesColumns, series: Ints, value: Floats, now: Floats
) -> tuple[Ints, float]:
    """Fold one value of each of `series`; return which of them change their level.

    Returns
    -------
    Ints
        Indices into `series` where the level moves; `c.level` holds the new one already.
    float
        When the next of them moves by time alone; infinity for never.
    """
    rule = c.rule[series].astype(np.int64)
    reported = c.level[series].astype(np.int64)
    level = rules.measured(rule, value, reported)
    quiet = (level == 0) & (reported == 0) & (c.warning_since[series] == np.inf)
    if bool(quiet.all()):
        return np.empty(0, dtype=np.int64), np.inf
    busy = np.flatnonzero(~quiet)
    series, level, now = series[busy], level[busy], now[busy]
    _since(c.warning_since, series, level >= 1, now)
    _since(c.critical_since, series, level >= 2, now)
    _since(c.better_since, series, level < reported[busy], now)
    moved = busy[_settle(rules, c, series, now)]
    return moved, float(_deadline(rules, c, series).min(initial=np.inf))


def due(rules: Rules, c: SeriesColumns, now: float) -> Ints:
    """Return the series whose level moves because time passed; `c.level` is updated."""
    waiting = np.flatnonzero(_deadline(rules, c, np.arange(c.size)) <= now)
    return waiting[_settle(rules, c, waiting, np.full(len(waiting), now))]


def next_due(rules: Rules, c: SeriesColumns) -> float:
    """Return when the next level moves if nothing new is heard; infinity for never."""
    return float(_deadline(rules, c, np.arange(c.size)).min(initial=np.inf))


def forget(c: SeriesColumns, series: Ints) -> None:
    """End what is pending: silence holds no level."""
    for column in (c.warning_since, c.critical_since, c.better_since):
        column[series] = np.inf


def _since(column: Floats, series: Ints, holds: Bools, now: Floats) -> None:
    column[series] = np.where(holds, np.minimum(column[series], now), np.inf)


def _settle(rules: Rules, c: SeriesColumns, series: Ints, now: Floats) -> Ints:
    rule = c.rule[series]
    duration, mild = rules.duration[rule], rules.mildest[rule] == 1
    before = c.level[series]
    after = before.copy()
    better = now >= c.better_since[series] + duration
    warned = mild & (before == 2) & (c.warning_since[series] < np.inf)
    after[better] = np.where(warned, 1, 0)[better]
    after[mild & (before < 1) & (now >= c.warning_since[series] + duration)] = 1
    after[(before < 2) & (now >= c.critical_since[series] + duration)] = 2
    c.level[series] = after
    c.better_since[series[better]] = np.inf
    return np.flatnonzero(after != before)


def _deadline(rules: Rules, c: SeriesColumns, series: Ints) -> Floats:
    """Return when each level moves by time alone."""
    if not len(rules.duration):
        return np.full(len(series), np.inf)
    level = c.level[series]
    begins = np.minimum(
        np.where(level < 1, c.warning_since[series], np.inf),
        np.where(level < 2, c.critical_since[series], np.inf),
    )
    begins = np.minimum(begins, c.better_since[series])
    deadline: Floats = begins + rules.duration[c.rule[series]]
    return deadline
