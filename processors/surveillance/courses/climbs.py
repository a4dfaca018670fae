"""Metrics that climb, or fall, for longer than they ever did, and when they reach a limit."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from processors.columns import Bools, Floats, Ints
from processors.detection.course import LAGS_S, Climb, Scale
from processors.detection.explain import ranges
from processors.detection.tuning import TUNING
from processors.surveillance.courses.went import CHANNELS, CLIMBS, Ahead, Went, Window
from processors.surveillance.findings import Evidence
from processors.surveillance.state import SurveillanceState
from processors.surveillance.telling import Telling, span

_CHANNEL: Final = CHANNELS[CLIMBS]
_NOTABLE: Final = 4.0
_CERTAIN: Final = 6.0
_OVER: Final = 2.0
_AS_FAR: Final = 8.0
"""A climb is not drawn out for longer than so many times what it is weighed by."""
_NEAR_S: Final = 3600.0


class Weighed(NamedTuple):
    """Series, the means of their windows, their ages in days, and how much noise is usual."""

    rows: Ints
    mean: Floats
    age: Floats
    usual: Floats


def look_ahead(state: SurveillanceState, w: Weighed, scale: Scale, climb: Climb) -> Ahead:
    """Return where `climb` leads, and whether it is one to tell of."""
    size, age = np.abs(climb.slope) * scale.base_s, w.age
    ruled, left = _time_left(state, w, climb.speed)
    horizon = min(state.policy.surveillance.detector.horizon_s, _AS_FAR * scale.base_s)
    known = age >= max(TUNING.learning_d, 2.0 * scale.base_s / 86400.0)
    learnt = known & (climb.excess >= 1.0) & (size >= _NOTABLE * w.usual)
    learnt &= ~ruled | (left <= horizon)
    # Who is new has no range of slopes yet; where a limit is near, that is no reason to wait.
    early = ~known & (age * 86400.0 >= scale.base_s) & (left <= scale.base_s)
    early &= size >= _CERTAIN * w.usual
    over = np.abs(climb.lately) * scale.base_s < _OVER * w.usual
    return Ahead((learnt | early) & (climb.slope != 0.0), over, climb.speed, left)


def _time_left(state: SurveillanceState, w: Weighed, speed: Floats) -> tuple[Bools, Floats]:
    """Return which series have a limit, and in how many seconds each reaches it; inf for never."""
    rules, rule = state.rules, state.series.rule[w.rows]
    ruled, left = rule >= 0, np.full(len(w.rows), np.inf)
    held = rule[ruled]
    if not len(held):
        return ruled, left
    now, worse = w.mean[ruled] * rules.sign[held], speed[ruled] * rules.sign[held]
    limit = rules.worst[held]
    nears = (worse > 0.0) & (now < limit)
    left[ruled] = np.where(nears, (limit - now) / np.where(nears, worse, 1.0), np.inf)
    return ruled, left


def judge(state: SurveillanceState, w: Window, went: Went, told: Telling) -> None:
    """Tell which metrics climb, how near a limit is, and which climb no longer."""
    rows = went.rows
    opened = (state.series.told[rows] & CLIMBS) > 0
    over = opened & np.logical_and.reduce([ahead.over for ahead in went.ahead])
    fresh = ~opened
    for ahead in went.ahead:
        for i in np.flatnonzero(ahead.begins & fresh).tolist():
            told.raises(int(rows[i]), CLIMBS, _CHANNEL, _why(w, went, ahead, i, told))
        fresh = fresh & ~ahead.begins
        for i in np.flatnonzero(opened & ~over & (ahead.left <= _NEAR_S)).tolist():
            told.worsens(int(rows[i]), _CHANNEL, _why(w, went, ahead, i, told))
    told.ends(rows[over], CLIMBS, _CHANNEL, "recovered")
    accepted = told.old(rows[opened & ~over], _CHANNEL)
    told.ends(accepted, CLIMBS, _CHANNEL, "new_normal")


def _why(w: Window, went: Went, ahead: Ahead, i: int, told: Telling) -> Evidence:
    state, row = told.state, int(went.rows[i])
    metric, key = told.names(row)
    hourly, value = float(ahead.speed[i]) * 3600.0, float(went.mean[i])
    time_left = float(ahead.left[i])
    way = "rises" if hourly > 0.0 else "falls"
    summary = f"{metric} of {key} {way} by {abs(hourly):.3g} an hour, as it never did for so long"
    severity, due = "info", None
    if time_left < np.inf:
        rule = int(state.series.rule[row])
        limit = float(state.rules.worst[rule] * state.rules.sign[rule])
        summary += f"; at {value:.4g} now, it reaches {limit:g} in {span(time_left)}"
        severity, due = "high" if time_left <= _NEAR_S else "warning", state.time + time_left
    low, high = ranges(TUNING, state.series, went.rows[i : i + 1], w.at)
    usual, since = (float(low[0]), float(high[0])), state.time - LAGS_S[1]
    return Evidence("trend", severity, metric, value, *usual, since, summary, (), due)
