"""Metrics that an agent no longer sends, though it goes on reporting."""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.detection.memory import age_and_samples, forget
from processors.detection.series import JUDGED_FROM
from processors.surveillance.courses.went import CHANNELS, MISSING, Went, Window
from processors.surveillance.findings import Evidence
from processors.surveillance.state import SurveillanceState
from processors.surveillance.telling import Telling, span

_CHANNEL: Final = CHANNELS[MISSING]
_GAPS: Final = 5.0
_WINDOWS: Final = 3.0
_RAREST: Final = 50.0
"""A metric that comes with fewer than one record in so many is missed no sooner than this one."""


def judge(state: SurveillanceState, w: Window, went: Went, told: Telling) -> None:
    """Tell which metrics are missing, and which have come back."""
    c, a = state.series, state.agents
    back = went.rows[(c.told[went.rows] & MISSING) > 0]
    told.ends(back, MISSING, _CHANNEL, "recovered")
    rows = np.flatnonzero((c.slot[: c.size] >= 0) & (c.count[: c.size] == 0) & c.judged[: c.size])
    age, samples = age_and_samples(c, rows)
    # What was accepted counts its samples anew: its own pace looks slower than it is.
    slowest = _RAREST * np.maximum(a.interval[c.slot[rows]], 1.0)
    pace = np.minimum(age * 86400.0 / np.maximum(samples, 1.0), slowest)
    silence = a.judged_at[c.slot[rows]] - c.last_at[rows]
    gone = (samples >= JUDGED_FROM) & (silence >= np.maximum(_GAPS * pace, _WINDOWS * w.width))
    opened = (c.told[rows] & MISSING) > 0
    for row in rows[gone & ~opened].tolist():
        metric, key = told.names(row)
        since = float(c.last_at[row])
        length = span(float(a.judged_at[c.slot[row]]) - since)
        summary = f"{key} goes on reporting, but without {metric} for {length}"
        why = Evidence("missing_metric", "warning", metric, None, None, None, since, summary)
        told.raises(row, MISSING, _CHANNEL, why)
    accepted = told.old(rows[opened], _CHANNEL)
    told.ends(accepted, MISSING, _CHANNEL, "new_normal")
    forget(c, accepted)
