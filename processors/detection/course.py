"""How a metric has gone of late: standing still, or climbing for longer than it ever did.

Both are asked once a window, of its mean, lowest and highest value; a heartbeat pays nothing.

*Still*: a metric that always varied, and now says the same value window after window, is not well
but stuck. How long it ever stood still before is its own measure.

*Climbing*: means of the windows that lag behind by 5 minutes, 30 minutes and 3 hours lie in a row
where a metric climbs, each behind the next by the slope times the difference of their lags; so do
those of 3 hours, of a day, and the level, which lags by ten days. The flatter of two neighbouring
slopes is taken, and none where they disagree: after a jump the nearer slope is first much steeper
than the farther one, and then dies away, while in a climb it stays. A slope is judged like a value:
by the range of slopes that was seen so far.

It fails where a metric climbs from its first hour on (that is its usual course), below the slope
that its noise leaves over in 30 minutes (or in a day), and in the first 75 minutes of a climb
(or in its first two days, where it is slow).

Sources: Brown, "Smoothing, forecasting and prediction of discrete time series" (1963), for slopes
from means that lag; van Leer, "Towards the ultimate conservative difference scheme" (1979), for the
flatter of two slopes (minmod).
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from processors.columns import Bools, Floats, Ints
from processors.detection.memory import SINGLE
from processors.detection.tuning import LN2, TUNING

LAGS_S: Final = (300.0, 1800.0, 10800.0, 86400.0)
_LEVEL_S: Final = TUNING.level_h * 3600.0 / LN2
_DYING: Final = 0.8
_FADE: Final = LN2 / 86400.0 / 60.0
"""Of the range of slopes: half of it in two months, as of values."""
_MOST: Final = 65535
_HUGE: Final = 1e37
"""Beyond it, values are taken as equal: what is remembered has single precision, and an end."""
_STILL_FROM: Final = 20
_STILL_FROM_S: Final = 3600.0
"""Fewer windows, or a shorter time, do not say that a metric stands still."""
_RARELY_STILL: Final = 20
"""A metric that has stood still for more windows than this may do so again."""
_TIMES: Final = 6

COURSE_MEMORY: Final[dict[str, tuple[type[np.generic], float | tuple[float, ...]]]] = {
    "held": (np.float32, np.nan),
    "still": (np.uint16, 0),
    "stillest": (np.uint16, 0),
    "told": (np.uint8, 0),
    "means": (np.float32, (np.nan, 0.0, 0.0, 0.0)),
    "steepness": (np.float32, (0.0, 0.0)),
    "slopes": (np.float32, (0.0, 0.0, 0.0, 0.0)),
}

Counts = npt.NDArray[np.uint16]


class CourseMemory(Protocol):
    """Columns of the course of metrics.

    The first of `means` is NaN before the first window; `told` has a bit for each kind of finding
    that is open.
    """

    expected: Floats
    held: SINGLE
    still: Counts
    stillest: Counts
    told: npt.NDArray[np.uint8]
    means: SINGLE
    steepness: SINGLE
    slopes: SINGLE


class Scale(NamedTuple):
    """How long a climb takes that is looked for.

    Parameters
    ----------
    base_s : float
        A climb is weighed by what it adds in this time, in seconds; for twice as long it is known
        as one before it counts as usual.
    jump : float
        The nearer slope may be so many times steeper than the farther one.
    steady_s : float
        How long a steeper slope of before is remembered.
    """

    base_s: float
    jump: float
    steady_s: float


SCALES: Final = (Scale(10800.0, 4.0, 7200.0), Scale(86400.0, 8.0, 432000.0))


class Climb(NamedTuple):
    """How some metrics climb, or fall, on one scale.

    Parameters
    ----------
    slope : array
        Units a second; 0 where it neither climbs nor falls.
    speed : array
        The nearer of both slopes, which says sooner where the climb leads.
    lately : array
        The farther slope, whether or not it is a climb.
    excess : array
        How far the slope lies outside of all slopes seen, as a share of their range; 0 within.
    """

    slope: Floats
    speed: Floats
    lately: Floats
    excess: Floats


class Course(NamedTuple):
    """How some metrics go.

    Parameters
    ----------
    stuck : array of bool
        Whether the metric stands still as it never did.
    moving : array of bool
        Whether its value changed within the last window.
    climbs : tuple of Climb
        One for each of `SCALES`.
    level : array
        The mean of the last half an hour, without its season.
    """

    stuck: Bools
    moving: Bools
    climbs: tuple[Climb, ...]
    level: Floats


def follow(
    c: CourseMemory, rows: Ints, level: Floats, low: Floats, high: Floats, dt: Floats
) -> Course:
    """Judge one window of each of `rows`, then learn from it.

    Parameters
    ----------
    c : CourseMemory
        The memory.
    rows : array of int
        No row twice.
    level : array
        Mean of the window's values, without their season.
    low, high : array
        The lowest and the highest of them.
    dt : array
        Seconds since the window before.
    """
    level, low, high = (np.clip(each, -_HUGE, _HUGE) for each in (level, low, high))
    stuck, moving = _stillness(c, rows, low, high, dt)
    means = _means(c, rows, level, dt)
    lines = [*means.T, c.expected[rows]]
    lags = (*LAGS_S, _LEVEL_S)
    slopes = [(lines[k] - lines[k + 1]) / (lags[k + 1] - lags[k]) for k in range(len(LAGS_S))]
    climbs = tuple(
        _climb(c, rows, number, (slopes[2 * number], slopes[2 * number + 1]), dt)
        for number in range(len(SCALES))
    )
    return Course(stuck, moving, climbs, means[:, 1])


def _stillness(
    c: CourseMemory, rows: Ints, low: Floats, high: Floats, dt: Floats
) -> tuple[Bools, Bools]:
    value = low.astype(np.float32)
    same = (value == high.astype(np.float32)) & (value == c.held[rows])
    ran, before = c.still[rows].astype(np.int64), c.stillest[rows].astype(np.int64)
    run = np.where(same, np.minimum(ran + 1, _MOST), 0)
    least = np.maximum(_STILL_FROM, np.ceil(_STILL_FROM_S / dt).astype(np.int64))
    limit = np.maximum(least, _TIMES * before)
    # What counted as stuck is no habit, unless it is taken for one.
    habit = ~same & (ran < limit)
    c.stillest[rows] = np.where(habit, np.maximum(before, ran), before)
    stuck = (before <= _RARELY_STILL) & (run >= limit)
    c.still[rows], c.held[rows] = run, value
    return stuck, ~same


def _means(c: CourseMemory, rows: Ints, level: Floats, dt: Floats) -> Floats:
    means = c.means[rows].astype(np.float64)
    first = np.isnan(means[:, 0])
    means[first] = level[first, None]
    for k, lag in enumerate(LAGS_S):
        means[:, k] += dt / (lag + dt) * (level - means[:, k])
    c.means[rows] = means
    return means


def _climb(
    c: CourseMemory, rows: Ints, number: int, slopes: tuple[Floats, Floats], dt: Floats
) -> Climb:
    scale, (near, far) = SCALES[number], slopes
    held = c.steepness[rows, number].astype(np.float64) * (1.0 - dt / (scale.steady_s + dt))
    held = np.where(np.abs(near) >= np.abs(held), near, held)
    c.steepness[rows, number] = held
    climbs = (near * far > 0.0) & (near * held >= _DYING * held * held)
    climbs &= np.abs(near) <= scale.jump * np.abs(far)
    flatter = np.where(np.abs(near) < np.abs(far), near, far)
    slope = np.where(climbs, flatter, 0.0)
    excess = _leaves(c, rows, number, slope, dt)
    return Climb(slope, np.where(climbs, near, 0.0), far, excess)


def _leaves(c: CourseMemory, rows: Ints, number: int, slope: Floats, dt: Floats) -> Floats:
    """Return by how much `slope` leaves the range of slopes, and widen the range slowly."""
    place = slice(2 * number, 2 * number + 2)
    lowest, highest = c.slopes[rows, place].astype(np.float64).T * (1.0 - dt * _FADE)
    above, below = np.maximum(slope - highest, 0.0), np.maximum(lowest - slope, 0.0)
    width, outside = highest - lowest, np.maximum(above, below)
    share = dt / (2.0 * SCALES[number].base_s + dt)
    c.slopes[rows, place] = np.stack([lowest - share * below, highest + share * above], axis=1)
    known = width > 0.0
    excess: Floats = np.where(known, outside / np.where(known, width, 1.0), outside > 0.0)
    return excess


def accept(c: CourseMemory, row: int) -> None:
    """Take how steeply `row` climbs for usual."""
    slopes = np.repeat(2.0 * np.abs(c.steepness[row]), 2)
    c.slopes[row] = slopes * np.array([-1.0, 1.0, -1.0, 1.0], dtype=np.float32)


def settle(c: CourseMemory, rows: Ints) -> None:
    """Take how long `rows` stand still for their habit."""
    c.stillest[rows] = np.maximum(c.stillest[rows], c.still[rows])


def forget(c: CourseMemory, rows: Ints) -> None:
    """Know nothing of how `rows` have gone."""
    for name, (_, blank) in COURSE_MEMORY.items():
        getattr(c, name)[rows] = blank
