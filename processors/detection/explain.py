"""Why an agent is called anomalous: which metrics, what was expected, and how rare it is."""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.columns import Bools, Floats, Ints
from processors.detection.fold import Seen
from processors.detection.memory import SeriesMemory, variance
from processors.detection.profile import season_at
from processors.detection.series import LARGEST, Series
from processors.detection.tuning import Tuning

_E: Final = 2.718281828459045
_LARGEST, _USUAL = (Series._fields.index(name) - 1 for name in ("largest", "usual"))
_NOTABLE: Final = 2.0
_DRIVERS: Final = 3
_WIDEST: Final = 3.0
_RAREST: Final = 13.9
"""Beyond one of a million nobody counts."""


def drivers(p: Tuning, seen: Seen, of_record: Bools) -> Ints:
    """Return which values of a record made it an anomaly, strongest first, at most three."""
    own = np.flatnonzero(of_record & seen.judged)
    share = seen.novelty[own] / (seen.novelty[own] + p.novelty)
    weight = np.abs(seen.deviation[own]) + LARGEST * share
    notable = own[np.argsort(-weight, kind="stable")][:_DRIVERS]
    strong = np.abs(seen.deviation[notable]) + LARGEST * seen.novelty[notable] >= _NOTABLE
    strong[:1] = True
    return notable[strong]


def ranges(p: Tuning, c: SeriesMemory, rows: Ints, at: float) -> tuple[Floats, Floats]:
    """Return the range in which 99 values of 100 are expected at `at`, of each metric in `rows`."""
    often = c.known[rows, _USUAL].astype(np.float64)
    expected = c.expected[rows] + season_at(c, rows, at)
    reach = np.maximum(often, _WIDEST) * noise(p, c, rows)
    return expected - reach, expected + reach


def noise(p: Tuning, c: SeriesMemory, rows: Ints) -> Floats:
    """Return what deviations of the metrics in `rows` are measured by, in their units."""
    largest = c.known[rows, _LARGEST].astype(np.float64)
    spread: Floats = np.sqrt(variance(c, rows)) + p.floor * largest
    return spread


def one_in(rarity: float) -> int:
    """Return of how many records about one is as rare as `rarity`, to one digit.

    Made of products alone: it is written into facts, which a replay must repeat.

    Examples
    --------
    >>> one_in(4.0)
    50
    """
    left, times = min(rarity, _RAREST), 1.0
    while left >= 1.0:
        times, left = times * _E, left - 1.0
    times *= 1.0 + left * (1.0 + left * (1 / 2 + left * (1 / 6 + left / 24)))
    unit = 1
    while times >= 10.0 * unit:
        unit *= 10
    return int(times / unit) * unit
