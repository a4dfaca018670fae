"""Windows that slide by a tenth of their length, many at a time.

Sums run over the ten columns in their order, by plain additions: vectors of any length and
processors of any make give the same bits.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.columns import Floats, Ints
from processors.security.columns import PARTS, PaneColumns
from processors.security.rules import DEVIATION, INCREASE, MEAN, RATE, Rules

_KNOWN: Final = 30
"""Values that a window must hold before anything deviates from it."""
_COLUMNS: Final = np.arange(PARTS)


def fold(
    panes: PaneColumns, rules: Rules, pane: Ints, rule: Ints, value: Floats, now: Floats
) -> Floats:
    """Put one value into each window; return what its rule compares."""
    kind, part = rules.kind[rule], _part(rules, rule, now)
    _advance(panes, pane, part)
    first = np.isnan(panes.origin[pane])
    panes.origin[pane[first]] = value[first]
    deviation = _deviation(panes, pane, value)
    counts_up = (kind == INCREASE) | (kind == RATE)
    before = panes.origin[pane]
    grown = np.where(value >= before, value - before, value)
    centred = np.where(kind == DEVIATION, value - before, value)
    amount = np.where(counts_up, np.where(first, 0.0, grown), centred)
    column = part % PARTS
    panes.count[pane, column] += 1
    panes.total[pane, column] += amount
    panes.squares[pane, column] += np.where(kind == DEVIATION, amount * amount, 0.0)
    panes.origin[pane[counts_up]] = value[counts_up]
    return np.where(kind == DEVIATION, deviation, amounts(panes, rules, pane, rule, now))


def amounts(panes: PaneColumns, rules: Rules, pane: Ints, rule: Ints, now: Floats) -> Floats:
    """Return what each window amounts to at `now`: its sum, its mean, or its sum per second."""
    oldest = _part(rules, rule, now) - PARTS
    kept = _numbers(panes.part[pane]) > oldest[:, None]
    total = _sum(np.where(kept, panes.total[pane], 0.0))
    count = _sum(np.where(kept, panes.count[pane], 0).astype(np.float64))
    kind = rules.kind[rule]
    mean = total / np.maximum(count, 1.0)
    return np.where(kind == MEAN, mean, np.where(kind == RATE, total / rules.window[rule], total))


def _part(rules: Rules, rule: Ints, now: Floats) -> Ints:
    length = rules.window[rule] / PARTS
    return np.floor(now / length).astype(np.int64)


def _numbers(newest: Ints) -> Ints:
    """Return which part of time lies in each column, for rings whose newest part is given."""
    numbers: Ints = newest[:, None] - (newest[:, None] - _COLUMNS) % PARTS
    return numbers


def _advance(panes: PaneColumns, pane: Ints, part: Ints) -> None:
    behind = panes.part[pane] < part
    if not bool(behind.any()):
        return
    rows, part = pane[behind], part[behind]
    old = _numbers(panes.part[rows]) <= (part - PARTS)[:, None]
    panes.count[rows] = np.where(old, 0, panes.count[rows])
    panes.total[rows] = np.where(old, 0.0, panes.total[rows])
    panes.squares[rows] = np.where(old, 0.0, panes.squares[rows])
    panes.part[rows] = part


def _deviation(panes: PaneColumns, pane: Ints, value: Floats) -> Floats:
    """Return how many standard deviations each value lies from what its window held before."""
    count = _sum(panes.count[pane].astype(np.float64))
    known = count >= _KNOWN
    some = np.maximum(count, 1.0)
    mean = _sum(panes.total[pane]) / some
    variance = _sum(panes.squares[pane]) / some - mean * mean
    spread = np.sqrt(np.maximum(variance, 0.0))
    # What does not vary has no scale: a digit's rounding is no deviation.
    known &= spread > np.abs(panes.origin[pane] + mean) * 1e-9
    away = np.abs(value - panes.origin[pane] - mean)
    return np.where(known, away / np.where(known, spread, 1.0), 0.0)


def _sum(table: Floats) -> Floats:
    total: Floats = table[:, 0]
    for column in range(1, PARTS):
        total = total + table[:, column]
    return total
