"""The upper tail of what an agent shows, and how rare a view lies in it.

The logarithm of a view above a running 95 % quantile has an exponential tail (a Pareto tail of the
view itself), whose mean excess gives the probability of a value as large. A mean of k excesses is
not known better than that: what is told is the probability that a Bayesian who has seen k would
give, ``(1 + x / k) ** -k`` instead of ``exp(-x)``, so a tail of three records makes nothing rare.

Sources: Hill, "A simple general approach to inference about the tail of a distribution" (1975);
Siffer et al., "Anomaly detection in streams with extreme value theory" (KDD 2017), for peaks over
a running threshold; Aitchison and Dunsmore, "Statistical prediction analysis" (1975), for the
predictive probability.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from processors.detection.arithmetic import Arithmetic, Value, ln

_QUANTILE: Final = 0.95
_GAIN: Final = 8.0
"""Steps of the quantile, in spreads: it must find its place in days, where half-lives are weeks."""
_SURE: Final = 2.995732273553991
"""-ln(0.05): the rarity of the quantile itself."""
_WIDE: Final = 3.0
_NARROWEST: Final = 0.1
"""No tail is taken for thinner: what differs by a tenth is no other thing."""


class Tail(NamedTuple):
    """The upper tail of one view, in natural logarithms."""

    mean: Value
    spread: Value
    quantile: Value
    excess: Value


BLANK_TAIL: Final = Tail(0.0, 1.0, 0.0, 0.0)


def predicted(m: Arithmetic, rarity: Value, rate: Value, count: Value) -> Value:
    """Return `rarity`, of tails whose mean is known, as it is where that is a mean of few."""
    share = _share(m, rate, 1.0 + (1.0 - _QUANTILE) * count)
    return _SURE + m.rarely(rarity > _SURE, _predicted, rarity - _SURE, share)


def follow(
    m: Arithmetic, t: Tail, view: Value, rate: Value, count: Value, judged: Value
) -> tuple[Tail, Value]:
    """Return the tail after `view`, and the rarity of `view` in the tail before.

    Parameters
    ----------
    m : Arithmetic
        Of single values or of vectors.
    t : Tail
        Before.
    view : float
        Not below 0.
    rate : float
        What one record counts for.
    count : float
        Records so far, this one included.
    judged : bool
        Whether there were enough of them to call anything rare.
    """
    v = ln(m, view + 1e-3)
    over = v - t.quantile
    rarity = m.rarely(judged & (over > 0.0), _rare, over, t.excess)
    mean = t.mean + rate * (v - t.mean)
    off = v - mean
    spread = t.spread + rate * (m.maximum(off, -off) - t.spread)
    before = m.where(count <= 1.0, v, t.quantile)
    towards = m.where(v > before, _QUANTILE, _QUANTILE - 1.0)
    quantile = before + _GAIN * rate * spread * towards
    above = v - quantile
    tail_count = 1.0 + (1.0 - _QUANTILE) * count
    share = _share(m, rate, tail_count)
    lesson = m.rarely(above > 0.0, _lesson, above, t.excess, tail_count, share)
    return Tail(mean, spread, quantile, t.excess + lesson), rarity


def _rare(m: Arithmetic, over: Value, excess: Value) -> Value:
    return _SURE + over / m.maximum(excess, _NARROWEST)


def _lesson(m: Arithmetic, above: Value, excess: Value, tail_count: Value, share: Value) -> Value:
    capped = m.where(tail_count > 20.0, m.minimum(above, _WIDE * excess), above)
    return share * (capped - excess)


def _predicted(m: Arithmetic, beyond: Value, share: Value) -> Value:
    """Return the rarity beyond the quantile, of a tail whose mean is one of ``1 / share``."""
    return ln(m, 1.0 + share * beyond) / share


def _share(m: Arithmetic, rate: Value, tail_count: Value) -> Value:
    """Return what one record of a tail counts for in its mean: one of as many as are known."""
    return m.minimum(m.maximum(1.0 / tail_count, rate / (1.0 - _QUANTILE)), 1.0)
