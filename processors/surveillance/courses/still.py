"""Metrics that say the same value over and over, though they always varied."""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.detection.course import settle
from processors.detection.explain import ranges
from processors.detection.tuning import TUNING
from processors.surveillance.courses.went import CHANNELS, STILL, Went, Window
from processors.surveillance.findings import Evidence
from processors.surveillance.state import SurveillanceState
from processors.surveillance.telling import Telling, span

_CHANNEL: Final = CHANNELS[STILL]


def judge(state: SurveillanceState, w: Window, went: Went, told: Telling) -> None:
    """Tell which metrics stand still as they never did, and which move again."""
    c, rows = state.series, went.rows
    opened = (c.told[rows] & STILL) > 0
    for i in np.flatnonzero(went.stuck & ~opened).tolist():
        row, value = int(rows[i]), float(went.mean[i])
        length = float(c.still[row]) * w.width
        metric, key = told.names(row)
        low, high = ranges(TUNING, c, rows[i : i + 1], w.at)
        summary = (
            f"{metric} of {key} has said exactly {value:g} for {span(length)};"
            f" it never stood still for long before"
        )
        since = state.time - length
        why = Evidence(
            "flat_line", "warning", metric, value, float(low[0]), float(high[0]), since, summary
        )
        told.raises(row, STILL, _CHANNEL, why)
    told.ends(rows[opened & went.moving], STILL, _CHANNEL, "recovered")
    accepted = told.old(rows[opened & ~went.moving], _CHANNEL)
    settle(c, accepted)
    told.ends(accepted, STILL, _CHANNEL, "new_normal")
