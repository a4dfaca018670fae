"""Percentiles online: 48 buckets a stream, each a third of an octave of milliseconds.

A bucket's number comes from the exponent and the mantissa of a value, so no logarithm is taken and
every processor finds the same one. A percentile lies within a bucket, by interpolation, so it is
off by a sixth at most, and usually by a few percent. Values below 1 ms and above 65 s share the
outermost buckets. Older values fade: at each window's close every count is multiplied by the same
factor below 1, so the percentiles are those of the recent past.

References
----------
C. Masson, J. Rim and H. Lee, "DDSketch: a fast and fully-mergeable quantile sketch with
relative-error guarantees", VLDB 2019; linear parts of octaves as in G. Tene's HdrHistogram. Fading
as in G. Cormode et al., "Forward decay", ICDE 2009.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from processors.columns import Floats, Ints

OCTAVES: Final = 16
PARTS: Final = 3
BUCKETS: Final = OCTAVES * PARTS
_OCTAVE: Final = np.ldexp(1.0, np.arange(OCTAVES)).repeat(PARTS)
_LOW: Final[Floats] = _OCTAVE * (1.0 + np.tile(np.arange(PARTS), OCTAVES) / PARTS)
_WIDTH: Final[Floats] = _OCTAVE / PARTS
_LOW[0], _WIDTH[0] = 0.0, _LOW[1]
_BLOCK: Final = 1024
"""Rows added up at once: so few that their sums stay in a core's cache."""


def bucket_of(values: Floats) -> Ints:
    """Return the bucket of each value in milliseconds.

    Examples
    --------
    >>> bucket_of(np.array([0.2, 1.0, 1.5, 2.0, 3.0, 1e9])).tolist()
    [0, 0, 1, 3, 4, 47]
    """
    mantissa, exponent = np.frexp(np.maximum(values, 1.0))
    part = np.floor((mantissa * 2.0 - 1.0) * PARTS).astype(np.int64)
    bucket: Ints = np.minimum((exponent.astype(np.int64) - 1) * PARTS + part, BUCKETS - 1)
    return bucket


def quantiles(counts: npt.NDArray[np.float32], shares: Sequence[float]) -> list[Floats]:
    """Return the values below which `shares` of each row's counts lie; NaN where a row is empty.

    Parameters
    ----------
    counts : array of shape (rows, BUCKETS)
        How much lies in each bucket.
    """
    found = np.empty((len(shares), len(counts)))
    for first in range(0, len(counts), _BLOCK):
        here = slice(first, first + _BLOCK)
        found[:, here] = _quantiles(counts[here], shares)
    return list(found)


def _quantiles(counts: npt.NDArray[np.float32], shares: Sequence[float]) -> list[Floats]:
    below, rows = np.cumsum(counts, axis=1, dtype=np.float64), np.arange(len(counts))
    found = []
    for share in shares:
        wanted = share * below[:, -1]
        bucket = np.minimum((below < wanted[:, None]).sum(axis=1), BUCKETS - 1)
        inside = counts[rows, bucket].astype(np.float64)
        depth = (wanted - (below[rows, bucket] - inside)) / np.where(inside > 0.0, inside, 1.0)
        value = _LOW[bucket] + _WIDTH[bucket] * np.clip(depth, 0.0, 1.0)
        found.append(np.where(below[:, -1] > 0.0, value, np.nan))
    return found
