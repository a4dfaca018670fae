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


def quantile(counts: npt.NDArray[np.float32], share: float) -> Floats:
    """Return the value below which `share` of each row's counts lie; NaN where a row is empty.

    Parameters
    ----------
    counts : array of shape (rows, BUCKETS)
        How much lies in each bucket.
    """
    below = np.cumsum(counts, axis=1, dtype=np.float64)
    wanted = share * below[:, -1]
    bucket = np.minimum((below < wanted[:, None]).sum(axis=1), BUCKETS - 1)
    rows = np.arange(len(counts))
    inside = counts[rows, bucket].astype(np.float64)
    before = below[rows, bucket] - inside
    depth = (wanted - before) / np.where(inside > 0.0, inside, 1.0)
    found: Floats = _LOW[bucket] + _WIDTH[bucket] * np.clip(depth, 0.0, 1.0)
    return np.where(below[:, -1] > 0.0, found, np.nan)
