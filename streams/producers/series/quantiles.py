"""Quantiles of histograms, estimated from their buckets.

Source: within a bucket values are taken to lie evenly, as Prometheus' `histogram_quantile` has it;
in exponential buckets evenly on a logarithmic scale.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate


def quantile(q: float, bounds: Sequence[float], counts: Sequence[float]) -> float | None:
    """Return the `q` quantile, or None where nothing was counted.

    Parameters
    ----------
    q : float
        Between 0 and 1.
    bounds : sequence of float
        Upper bounds of all buckets but the last, ascending; the last has none.
    counts : sequence of float
        What each bucket counted by itself; one more than bounds.

    Examples
    --------
    >>> quantile(0.95, [1.0, 2.0, 4.0], [50, 40, 10, 0])
    3.0
    >>> quantile(0.95, [1.0], [0, 7]), quantile(0.95, [1.0], [0, 0])
    (1.0, None)
    """
    below = list(accumulate(counts))
    if not below or below[-1] <= 0 or not bounds:
        return None
    rank = q * below[-1]
    index = bisect_left(below, rank)
    if index >= len(bounds):
        return bounds[-1]  # nothing says how far above it they lie
    upper = bounds[index]
    if index == 0 and upper <= 0:
        return upper
    lower = bounds[index - 1] if index else 0.0
    reached = below[index - 1] if index else 0.0
    return lower + (upper - lower) * (rank - reached) / counts[index]


def exponential_quantile(
    q: float, scale: int, zero: float, positive: tuple[int, Sequence[float]],
    negative: tuple[int, Sequence[float]] = (0, ()),
) -> float | None:  # fmt: skip
    """Return the `q` quantile of an exponential histogram, or None where nothing was counted.

    None also where it is more than a number can hold: the scale is whatever a sender says.

    Parameters
    ----------
    scale : int
        Buckets grow by ``2 ** 2 ** -scale``.
    zero : float
        How many values were zero, or too small to tell from it.
    positive, negative : (int, sequence of float)
        The index of the first bucket, and the counts from it on; bucket ``i`` holds values above
        ``base ** i`` up to ``base ** (i + 1)``.

    Examples
    --------
    >>> exponential_quantile(0.5, 0, 0, (0, [0, 10]))  # ten values between 2 and 4
    2.8284271247461903
    """
    down, up = negative[1], positive[1]
    counts = [*reversed(down), zero, *up]
    below = list(accumulate(counts))
    if below[-1] <= 0:
        return None
    rank = q * below[-1]
    index = bisect_left(below, rank)
    within = (rank - (below[index - 1] if index else 0.0)) / counts[index]
    if index == len(down):
        return 0.0
    if index < len(down):
        sign, exponent = -1.0, negative[0] + (len(down) - 1 - index) + 1 - within
    else:
        sign, exponent = 1.0, positive[0] + (index - len(down) - 1) + within
    try:
        return sign * float(2.0 ** (exponent * 2.0**-scale))
    except OverflowError:
        return None
