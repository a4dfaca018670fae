"""What was expected of metrics, for the windows that close."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from processors.columns import Floats, Ints
from processors.detection.explain import ranges
from processors.detection.memory import age_and_samples
from processors.detection.series import JUDGED_FROM
from processors.detection.tuning import TUNING
from processors.surveillance.state import SurveillanceState

Bounds = list[float | None]


class Expected(NamedTuple):
    """The range in which 99 values of 100 are expected, a value a series.

    None where the detector does not judge the metric, or has learnt from too few values.
    """

    low: Bounds
    high: Bounds


def of_windows(state: SurveillanceState, rows: Ints, at: float) -> Expected:
    """Return what was expected of the series in `rows` at `at`, seconds since the epoch."""
    c = state.series
    _, samples = age_and_samples(c, rows)
    known = c.judged[rows] & (samples >= JUDGED_FROM)
    if not (known.any() and state.policy.surveillance.detector.enabled):
        return Expected([None] * len(rows), [None] * len(rows))
    low, high = np.full((2, len(rows)), np.nan)
    low[known], high[known] = ranges(TUNING, c, rows[known], at)
    return Expected(_or_none(low), _or_none(high))


def _or_none(values: Floats) -> Bounds:
    known = np.isfinite(values)
    plain: Bounds = values.tolist()
    if bool(known.all()):
        return plain
    return [value if sure else None for value, sure in zip(plain, known.tolist(), strict=True)]
