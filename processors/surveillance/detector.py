"""A streaming detector: exponentially weighted mean and variance of each series, in raw units.

A value is scored before it is learnt from; one that looks anomalous is learnt from slowly, so
that a fault does not hide itself. Behind the protocol `Detector` it can be replaced.

Source: Finch, "Incremental calculation of weighted mean and variance", University of Cambridge,
2009, section 9.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

import numpy as np

from config.policy import DetectorPolicy
from processors.surveillance.columns import Bools, Floats, Ints, SeriesColumns

_SLOWLY: Final = 0.1
_LN2: Final = 0.6931471805599453
_TERMS: Final = 25
_COUNT_AT_MOST: Final = 1 << 14


class Judged(NamedTuple):
    """What a detector found, as indices into the series it was given."""

    raised: Ints
    recovered: Ints
    new_normal: Ints
    low: Floats
    high: Floats


class Detector(Protocol):
    """What surveillance asks of a detector."""

    def observe(self, c: SeriesColumns, series: Ints, value: Floats, now: Floats) -> Judged:
        """Score one value of each of `series`, then learn from it."""
        ...


def decay(half_life: float) -> float:
    """Return ``1 - 0.5 ** (1 / half_life)`` by its power series.

    Only + - * / are used, which give the same bits on every machine.

    Parameters
    ----------
    half_life : float
        Samples after which an observation weighs half; at least 1.

    Examples
    --------
    >>> decay(1.0)
    0.5
    """
    y = _LN2 / max(half_life, 1.0)
    term, total = y, 0.0
    for k in range(2, _TERMS):
        total += term
        term = -term * y / k
    return total


def learnt(mean: Floats, variance: Floats, value: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return mean and variance after `value`, which counts with `weight`."""
    off = value - mean
    return mean + weight * off, (1.0 - weight) * (variance + weight * off * off)


class Weighted:
    """The detector of exponentially weighted moments."""

    def __init__(self, policy: DetectorPolicy) -> None:
        self._policy = policy
        self._alpha = decay(policy.half_life)

    def observe(self, c: SeriesColumns, series: Ints, value: Floats, now: Floats) -> Judged:
        """Score one value of each of `series`, then learn from it."""
        mean, variance, samples = c.mean[series], c.variance[series], c.samples[series]
        reach = np.maximum(
            self._policy.sigma * np.sqrt(variance), self._policy.relative_floor * np.abs(mean)
        )
        odd = (np.abs(value - mean) > reach) & (samples >= self._policy.warmup)
        weight = np.maximum(self._alpha, 1.0 / (samples + 1.0))
        weight = np.where(odd, self._alpha * _SLOWLY, weight)
        # What looks anomalous moves the mean by its reach at most, and the variance not at all:
        # else a large fault would widen the range until it lies within.
        taken = np.clip(value, mean - reach, mean + reach)
        moved, spread = learnt(mean, variance, np.where(odd, taken, value), weight)
        c.mean[series], c.variance[series] = moved, np.where(odd, variance, spread)
        c.samples[series] = np.minimum(samples + 1, 1 << 30)
        return self._persist(c, series, odd, value, now, mean - reach, mean + reach)

    def _persist(
        self,
        c: SeriesColumns,
        series: Ints,
        odd: Bools,
        value: Floats,
        now: Floats,
        low: Floats,
        high: Floats,
    ) -> Judged:
        streak, is_open = c.streak[series], c.anomalous[series]
        busy = odd | is_open | (streak > 0)
        if not bool(busy.any()):
            nothing = np.empty(0, dtype=np.int64)
            return Judged(nothing, nothing, nothing, low, high)
        first = odd & (streak == 0) & ~is_open
        c.deviating_since[series[first]] = now[first]
        streak = np.where(odd, np.minimum(streak + 1, _COUNT_AT_MOST), 0).astype(np.int16)
        calm = np.where(odd, 0, np.minimum(c.calm[series] + 1, _COUNT_AT_MOST)).astype(np.int16)
        c.streak[series] = streak
        c.calm[series] = np.where(is_open, calm, 0)
        raised = ~is_open & (streak >= self._policy.persistence)
        recovered = is_open & (calm >= self._policy.persistence)
        lasted = now - c.deviating_since[series]
        normal = is_open & ~recovered & (lasted >= self._policy.accept_after_s)
        c.anomalous[series] = (is_open | raised) & ~recovered & ~normal
        self._accept(c, series[normal], value[normal])
        return Judged(
            np.flatnonzero(raised), np.flatnonzero(recovered), np.flatnonzero(normal), low, high
        )

    @staticmethod
    def _accept(c: SeriesColumns, series: Ints, value: Floats) -> None:
        """Begin anew from the value that has become normal."""
        c.mean[series], c.variance[series] = value, 0.0
        c.samples[series], c.streak[series], c.calm[series] = 1, 0, 0
