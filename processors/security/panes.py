"""Windows that slide by a tenth of their length, many at a time.

Sums run over the ten columns in their order, by plain additions: vectors of any length and
processors of any make give the same bits.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.columns import Floats, Ints
from processors.security.columns import PARTS, PaneColumns, SpreadColumns
from processors.security.rules import DEVIATION, INCREASE, MEAN, RATE, Rules

_KNOWN: Final = 30
"""Values that a window must hold before anything deviates from it."""
_SPREAD: Final = (MEAN, DEVIATION)
_COLUMNS: Final = np.arange(PARTS)


class Panes:
    """The windows of all watches that have one."""

    def __init__(self) -> None:
        self.rows = PaneColumns()
        self.spreads = SpreadColumns()

    def take(self, kind: int) -> int:
        """Return a window for a rule of a kind."""
        row = self.rows.take()
        if kind in _SPREAD:
            self.rows.spread[row] = self.spreads.take()
        return row

    def release(self, row: int) -> None:
        """Make a window blank, to be taken again."""
        if self.rows.spread[row] >= 0:
            self.spreads.release(int(self.rows.spread[row]))
        self.rows.release(row)

    def fold(self, rules: Rules, pane: Ints, rule: Ints, value: Floats, now: Floats) -> Floats:
        """Put one value into each window; return what its rule compares."""
        p, kind, part = self.rows, rules.kind[rule], _part(rules, rule, now)
        self._advance(pane, part)
        first = np.isnan(p.origin[pane])
        p.origin[pane[first]] = value[first]
        counts_up = (kind == INCREASE) | (kind == RATE)
        before = p.origin[pane]
        grown = np.where(value >= before, value - before, value)
        spread = np.flatnonzero(p.spread[pane] >= 0)
        away = self._deviation(pane[spread], value[spread])
        centred = np.where(kind == DEVIATION, value - before, value)
        amount = np.where(counts_up, np.where(first, 0.0, grown), centred)
        p.total[pane, part % PARTS] += amount
        rows, column = p.spread[pane[spread]], part[spread] % PARTS
        self.spreads.count[rows, column] += 1.0
        self.spreads.squares[rows, column] += np.where(
            kind[spread] == DEVIATION, amount[spread] * amount[spread], 0.0
        )
        p.origin[pane[counts_up]] = value[counts_up]
        compared = self.amounts(rules, pane, rule, now)
        deviates = kind[spread] == DEVIATION
        compared[spread[deviates]] = away[deviates]
        return compared

    def amounts(self, rules: Rules, pane: Ints, rule: Ints, now: Floats) -> Floats:
        """Return what each window amounts to at `now`: its sum, its mean, or its sum a second."""
        p, kind = self.rows, rules.kind[rule]
        oldest = _part(rules, rule, now) - PARTS
        kept = _numbers(p.part[pane]) > oldest[:, None]
        total = _sum(np.where(kept, p.total[pane], 0.0))
        means = np.flatnonzero(kind == MEAN)
        count = self.spreads.count[p.spread[pane[means]]]
        total[means] /= np.maximum(_sum(np.where(kept[means], count, 0.0)), 1.0)
        return np.where(kind == RATE, total / rules.window[rule], total)

    def _advance(self, pane: Ints, part: Ints) -> None:
        p = self.rows
        behind = p.part[pane] < part
        if not bool(behind.any()):
            return
        rows, part = pane[behind], part[behind]
        old = _numbers(p.part[rows]) <= (part - PARTS)[:, None]
        p.total[rows] = np.where(old, 0.0, p.total[rows])
        has = p.spread[rows] >= 0
        spread, old = p.spread[rows[has]], old[has]
        self.spreads.count[spread] = np.where(old, 0.0, self.spreads.count[spread])
        self.spreads.squares[spread] = np.where(old, 0.0, self.spreads.squares[spread])
        p.part[rows] = part

    def _deviation(self, pane: Ints, value: Floats) -> Floats:
        """Return how many standard deviations each value lies from what its window held before."""
        p, spread = self.rows, self.rows.spread[pane]
        count = _sum(self.spreads.count[spread])
        known = count >= _KNOWN
        some = np.maximum(count, 1.0)
        mean = _sum(p.total[pane]) / some
        variance = _sum(self.spreads.squares[spread]) / some - mean * mean
        width = np.sqrt(np.maximum(variance, 0.0))
        # What does not vary has no scale: a digit's rounding is no deviation.
        known &= width > np.abs(p.origin[pane] + mean) * 1e-9
        away = np.abs(value - p.origin[pane] - mean)
        return np.where(known, away / np.where(known, width, 1.0), 0.0)


def _part(rules: Rules, rule: Ints, now: Floats) -> Ints:
    length = rules.window[rule] / PARTS
    return np.floor(now / length).astype(np.int64)


def _numbers(newest: Ints) -> Ints:
    """Return which part of time lies in each column, for rings whose newest part is given."""
    numbers: Ints = newest[:, None] - (newest[:, None] - _COLUMNS) % PARTS
    return numbers


def _sum(table: Floats) -> Floats:
    total = table[:, 0].copy()
    for column in range(1, PARTS):
        total += table[:, column]
    return total
