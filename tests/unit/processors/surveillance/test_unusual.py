"""A finding says what is unusual, also of a value within its expected range."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from processors.detection.fold import Values, see
from processors.detection.memory import OwnSeries
from processors.detection.tuning import TUNING
from processors.surveillance.unusual import told

_START, _STEP_S = 1_700_000_000.0, 60.0


def _said(*metrics: Iterable[float]) -> str:
    """Return what is told of the last values, the first metric's first."""
    series, values, at = OwnSeries(), np.array([list(each) for each in metrics]), _START
    rows = np.arange(len(values))
    series.take_block(len(rows))
    one, same = np.zeros(1, dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    for column in values.T:
        at += _STEP_S
        see(TUNING, series, Values(rows, column, same, one, np.array([at])))
    names = [f"m{row}" for row in rows]
    summary, low, high = told(series, rows, values[:, -1].tolist(), names, "default/a", at, 200)
    assert low < high
    return summary


def test_a_value_out_of_its_range_is_told_with_that_range() -> None:
    calm = [10.0 + k % 5 for k in range(400)]
    summary = _said([*calm, 90.0], [*calm, 12.0], [*calm, 80.0])
    assert summary.startswith("m0 of default/a is 90, where ")
    assert ", with m2, beside m1, still within what is usual; about 1 of 200" in summary


def test_a_value_within_its_range_that_was_never_as_high_is_told_so() -> None:
    summary = _said([*(10.0 + k % 5 for k in range(400)), 14.4])
    assert "m0 of default/a is 14.4, within the " in summary
    assert "that is usual, but it has hardly ever been as high; about" in summary


def test_a_value_within_its_range_whose_mean_was_never_as_low_is_told_so() -> None:
    summary = _said([*(10.0 + 4.0 * (k % 2) for k in range(400)), 11.0, 11.0, 11.0, 11.0])
    assert "but the mean of its last 4 values has hardly ever been as low" in summary


def test_what_is_only_unusual_in_company_is_told_so() -> None:
    summary = _said(10.0 + k % 5 for k in range(403))
    assert "but taken together, the last values of its agent are far out" in summary


def test_as_many_digits_are_told_as_set_a_value_apart() -> None:
    free = 53_687_091_200.0
    summary = _said([*(free + 4096.0 * (k % 3) for k in range(400)), free + 7e9])
    assert "5.36871e+10 to" not in summary or "is 5.36871e+10" not in summary
    near = _said([*(1e10 + k % 3 for k in range(400)), 1e10 + 6e8])
    assert "is 1.06e+10, where" in near
