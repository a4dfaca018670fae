"""What is known of one metric of one agent, and what a new value says.

A level and a spread (exponentially weighted, of deviations that are clipped, so that a fault
neither moves nor widens them much), a profile of the day and one of the week, and the range of
values seen so far: of the value itself, of two short means and of what the profile does not
explain. A value that leaves such a range is *new*; by how much, as a share of the range's width,
needs no scale, no distribution and no threshold per metric.

It fails where the new lies inside the old: a value that is rare but has been seen before, and a
wrong order of usual values. Its cost is constant: about 200 bytes and 100 sums per value.

Sources: Finch, "Incremental calculation of weighted mean and variance" (2009), section 9; Huber,
"Robust estimation of a location parameter" (1964), for clipped learning; records as alarms go
back to Chandler, "The distribution and frequency of record values" (1952).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from processors.detection.arithmetic import Arithmetic, Value, ratio
from processors.detection.tuning import LN2, Tuning

LARGEST: Final = 50.0
"""Deviations beyond this many spreads are no worse than this."""
JUDGED_FROM: Final = 50
_CLIPPED_FROM: Final = 200
_GROWTH: Final = 4.0
"""What one value may make of the largest one."""
_SHORT: Final = (4.0, 16.0)
_MOST_SAMPLES: Final = 1_000_000.0
_MOST_DAYS: Final = 365.0


class Series(NamedTuple):
    """The memory of one metric; deviations are kept relative to `level`.

    Parameters
    ----------
    level : float
        The expected value without its season.
    samples : float
        How many values were learnt from, up to a million.
    age : float
        Days of life.
    variance : float
        Of clipped deviations.
    largest : float
        The largest absolute value of late.
    usual, typical : float
        Running 99 % quantile and mean of deviations, in spreads.
    short, longer : float
        Means over about 4 and 16 values.
    left : float
        Mean over about 16 values of what the season leaves over.
    low, high, short_low, short_high, longer_low, longer_high, left_low, left_high : float
        Remembered ranges: of values, of either mean, of what is left over.
    """

    level: Value
    samples: Value
    age: Value
    variance: Value
    largest: Value
    usual: Value
    typical: Value
    short: Value
    longer: Value
    left: Value
    low: Value
    high: Value
    short_low: Value
    short_high: Value
    longer_low: Value
    longer_high: Value
    left_low: Value
    left_high: Value


BLANK: Final = Series._make([0.0] * 5 + [2.6, 1.0] + [0.0] * 11)


class Observed(NamedTuple):
    """What one value says, and what it teaches.

    Parameters
    ----------
    series : Series
        The memory after it.
    novelty : float
        How far it lies outside of all that was seen, as a share of the range's width; 0 within.
    deviation : float
        Signed distance from what was expected, in spreads, at most `LARGEST`; 0 while unknown.
    relative : float
        The same, unsigned, as a multiple of what this metric shows in one value of a hundred.
    hourly, daily : float
        What the profile of this hour, and that of this day, are to be moved by.
    """

    series: Series
    novelty: Value
    deviation: Value
    relative: Value
    hourly: Value
    daily: Value


def observe(m: Arithmetic, p: Tuning, s: Series, season: Value, x: Value, dt: Value) -> Observed:
    """Judge value `x`, then learn from it.

    Parameters
    ----------
    m : Arithmetic
        Of single values or of vectors.
    p : Tuning
        The constants.
    s : Series
        The memory before.
    season : float
        What the profiles expect on top of the level.
    x : float
        The value, in the metric's unit.
    dt : float
        Seconds since the value before, at most an hour.
    """
    count = s.samples + 1.0
    level = m.where(s.samples > 0.0, s.level, x)
    raw = x - level
    rest = raw - season
    fade = 1.0 - dt * (LN2 / 86400.0 / p.range_d)
    one = 1.0 / count
    soon, later = m.maximum(one, 1.0 / _SHORT[0]), m.maximum(one, 1.0 / _SHORT[1])
    short = s.short + soon * (raw - s.short)
    longer = s.longer + later * (raw - s.longer)
    own = _novelty(m, raw, s.low, s.high, s.samples >= 1.0)
    brief = _novelty(m, short, s.short_low, s.short_high, s.samples > _SHORT[0])
    lasting = _novelty(m, longer, s.longer_low, s.longer_high, s.samples > _SHORT[1])
    known = s.age >= p.season_from_d
    left = s.left + later * (rest - s.left)
    odd = _novelty(m, left, s.left_low, s.left_high, s.age >= p.season_from_d + 1.0)

    spread = m.sqrt(s.variance)
    deviation = _deviation(m, rest, spread + p.floor * s.largest, s.samples >= JUDGED_FROM)
    size = m.maximum(deviation, -deviation)
    rate = m.maximum(one, dt * (LN2 / 3600.0 / p.level_h))
    usual, typical = _typical(m, s, size, m.where(s.samples >= JUDGED_FROM, rate, 0.0))

    reach = m.where((s.samples >= _CLIPPED_FROM) & (spread > 0.0), p.clip * spread, 1e300)
    lesson = m.maximum(m.minimum(rest, reach), -reach)
    # One value far beyond all others must not make the metric coarse for months.
    most = m.where((s.samples >= _CLIPPED_FROM) & (s.largest > 0.0), _GROWTH * s.largest, 1e300)
    largest = m.minimum(m.maximum(x, -x), most)
    step = rate * lesson
    low, high = _range(m, raw, s.low, s.high, fade, s.samples < 1.0)
    short_low, short_high = _range(
        m, short, s.short_low, s.short_high, fade, s.samples <= _SHORT[0]
    )
    longer_low, longer_high = _range(
        m, longer, s.longer_low, s.longer_high, fade, s.samples <= _SHORT[1]
    )
    left_low, left_high = _range(m, left, s.left_low, s.left_high, fade, s.age < p.season_from_d)
    hourly, daily = _lessons(m, p, s.age, lesson, dt)
    after = Series(
        level=level + step,
        samples=m.minimum(count, _MOST_SAMPLES),
        age=m.minimum(s.age + dt * (1.0 / 86400.0), _MOST_DAYS),
        variance=s.variance + rate * (lesson * lesson - s.variance),
        largest=m.maximum(largest, s.largest * fade),
        usual=usual,
        typical=typical,
        short=short - step,
        longer=longer - step,
        left=left - step,
        low=low - step,
        high=high - step,
        short_low=short_low - step,
        short_high=short_high - step,
        longer_low=longer_low - step,
        longer_high=longer_high - step,
        left_low=m.where(known, left_low, 0.0),
        left_high=m.where(known, left_high, 0.0),
    )
    novelty = m.maximum(m.maximum(own, brief), m.maximum(lasting, odd))
    return Observed(after, novelty, deviation, size / (s.usual + 0.3), hourly, daily)


def _novelty(m: Arithmetic, y: Value, low: Value, high: Value, known: Value) -> Value:
    return m.rarely(known & ((y > high) | (y < low)), _beyond, y, low, high)


def _beyond(m: Arithmetic, y: Value, low: Value, high: Value) -> Value:
    width = high - low
    return m.where(width > 0.0, ratio(m, m.maximum(y - high, low - y), width), 1.0)


def _range(
    m: Arithmetic, y: Value, low: Value, high: Value, fade: Value, first: Value
) -> tuple[Value, Value]:
    return (
        m.where(first, y, m.minimum(y, low * fade)),
        m.where(first, y, m.maximum(y, high * fade)),
    )


def _deviation(m: Arithmetic, rest: Value, spread: Value, known: Value) -> Value:
    z = m.maximum(m.minimum(ratio(m, rest, spread), LARGEST), -LARGEST)
    return m.where(known & (spread > 0.0), z, m.rarely(known & (spread <= 0.0), _certain, rest))


def _certain(m: Arithmetic, rest: Value) -> Value:
    return m.where(rest > 0.0, LARGEST, m.where(rest < 0.0, -LARGEST, 0.0))


def _typical(m: Arithmetic, s: Series, size: Value, rate: Value) -> tuple[Value, Value]:
    """Move the 99 % quantile by stochastic approximation, in steps of the mean."""
    typical = s.typical + rate * (m.minimum(size, 5.0 * s.typical) - s.typical)
    towards = m.where(size > s.usual, 0.99, -0.01)
    return m.maximum(s.usual + rate * 8.0 * typical * towards, 0.0), typical


def _lessons(m: Arithmetic, p: Tuning, age: Value, lesson: Value, dt: Value) -> tuple[Value, Value]:
    """Return what the profiles learn: quickly in the first days, then as the policy says."""
    day = m.floor(age) + 1.0
    share = m.minimum(
        dt * (1.0 / 3600.0) * m.maximum(2.0 / day, p.day_rate), m.maximum(1.0 / day, p.day_rate)
    )
    return share * lesson, dt * (0.5 * p.day_rate / 86400.0) * lesson
