"""An hour goes into a profile with the same bits, whether of one row or of many."""

from __future__ import annotations

import numpy as np

from processors.detection.memory import OwnSeries
from processors.detection.profile import SLOTS, turn, turned

ROWS, DAY = 400, 86400.0


def lived(seed: int) -> OwnSeries:
    """Return rows as they come to be: some have a slot of 127, some nothing yet."""
    rng = np.random.default_rng(seed)
    series = OwnSeries()
    series.take_block(ROWS)
    series.judged_at[:ROWS] = 1.7e9 + rng.uniform(0.0, 9.0 * DAY, ROWS)
    series.profile[:ROWS] = rng.integers(-127, 128, (ROWS, SLOTS)) * (rng.random((ROWS, 1)) < 0.8)
    series.profile[: ROWS // 2, ::7] = 127
    scale = 10.0 ** rng.uniform(-30.0, 12.0, (ROWS, 1))
    series.lessons[:ROWS] = rng.normal(0.0, 20.0, (ROWS, 3)) * scale
    series.lessons[:ROWS, 0] = np.abs(series.lessons[:ROWS, 0]) * (rng.random(ROWS) < 0.9)
    return series


def test_one_row_turns_as_many_do() -> None:
    series, rows = lived(1), np.arange(ROWS)
    at = series.judged_at[:ROWS] + np.where(rows % 2, 3600.0, DAY)
    ones = [
        turned(profile, lessons, before, when)
        for profile, lessons, before, when in zip(
            series.profile[:ROWS].tolist(),
            series.lessons[:ROWS].tolist(),
            series.judged_at[:ROWS].tolist(),
            at.tolist(),
            strict=True,
        )
    ]
    turn(series, rows, at)
    assert [one[0] for one in ones] == series.profile[:ROWS].tolist()
    assert [list(one[1]) for one in ones] == series.lessons[:ROWS].tolist()
