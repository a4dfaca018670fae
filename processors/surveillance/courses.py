"""What only a window shows: metrics that stand still, climb, moved for good, or are missing.

Each is a finding of its own kind, beside what the detector says of single records. All are asked
once a window of all series at once, before the window is closed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from processors.columns import Bools, Floats, Ints
from processors.detection.course import LAGS_S, SCALES, Climb, Course, Scale, follow, settle
from processors.detection.explain import noise, ranges
from processors.detection.memory import age_and_samples, forget, variance
from processors.detection.profile import season_at
from processors.detection.series import JUDGED_FROM
from processors.detection.tuning import TUNING
from processors.step import Emission
from processors.surveillance import gaps, telling
from processors.surveillance.anomaly import CHANNEL as BASELINE
from processors.surveillance.findings import Evidence
from processors.surveillance.state import SurveillanceState, series_of

STILL: Final = 1
CLIMBS: Final = 2
MISSING: Final = 4
_STILL, _TREND, _MISSING = "still", "trend", "missing"
CHANNELS: Final = {STILL: _STILL, CLIMBS: _TREND, MISSING: _MISSING}

_NOTABLE: Final = 4.0
_CERTAIN: Final = 6.0
_OVER: Final = 2.0
_AS_FAR: Final = 8.0
"""A climb is not drawn out for longer than so many times what it is weighed by."""
_NEAR_S: Final = 3600.0
_GAPS: Final = 5.0
_WINDOWS: Final = 3.0
_RAREST: Final = 50.0
"""A metric that comes with fewer than one record in so many is missed no sooner than this one."""
_SETTLED_AFTER: Final = 15
_SETTLED: Final = 1.5


class Closing(NamedTuple):
    """What a window holds of the series that are judged.

    Parameters
    ----------
    offset : int
        Of the record that closes it.
    rows : array of int
        Series with a value in it, ascending.
    mean, low, high : array
        Of those values.
    level : array
        The mean without its season.
    width : float
        Its length in seconds.
    at : float
        Its middle, seconds since the epoch.
    """

    offset: int
    rows: Ints
    mean: Floats
    low: Floats
    high: Floats
    level: Floats
    width: float
    at: float


def judge(state: SurveillanceState, offset: int, filled: Ints) -> list[Emission]:
    """Judge the open window, of which `filled` are the series with a value."""
    policy, c = state.policy.surveillance, state.series
    if not policy.detector.enabled:
        return []
    rows = filled[c.judged[filled]]
    mean = c.total[rows] / c.count[rows]
    at = state.window_start + 0.5 * policy.window_s
    age, _ = age_and_samples(c, rows)
    # What an hour's profile learns in the first days is as much the trend as the season.
    level = mean - np.where(age >= TUNING.season_from_d, season_at(c, rows, at), 0.0)
    w = Closing(offset, rows, mean, c.low[rows], c.high[rows], level, policy.window_s, at)
    varies = (age >= TUNING.learning_d) & (variance(c, rows) > 0.0)
    pace = np.maximum(state.agents.interval[c.slot[rows]], w.width)
    course = follow(c, rows, w.level, w.low, w.high, pace)
    told = telling.Telling(state, offset)
    gaps.judge(state, told)
    _stuck(state, w, course, varies, told)
    _climbs(state, w, course, age, told)
    _gone(state, w, told)
    _moved(state, w, course, told)
    return told.assessed()


def _stuck(
    state: SurveillanceState, w: Closing, course: Course, varies: Bools, told: telling.Telling
) -> None:
    c = state.series
    opened = (c.told[w.rows] & STILL) > 0
    for i in np.flatnonzero(course.stuck & varies & ~opened).tolist():
        row, value = int(w.rows[i]), float(w.mean[i])
        length = float(c.still[row]) * w.width
        metric, key = told.names(row)
        low, high = ranges(TUNING, c, w.rows[i : i + 1], w.at)
        summary = (
            f"{metric} of {key} has said exactly {value:g} for {telling.span(length)};"
            f" it never stood still for long before"
        )
        since = state.time - length
        why = Evidence(
            "flat_line", "warning", metric, value, float(low[0]), float(high[0]), since, summary
        )
        told.raises(row, STILL, _STILL, why)
    told.ends(w.rows[opened & course.moving], STILL, _STILL, "recovered")
    accepted = told.old(w.rows[opened & ~course.moving], _STILL)
    settle(c, accepted)
    told.ends(accepted, STILL, _STILL, "new_normal")


class _Ahead(NamedTuple):
    """Where the climbs of one scale lead.

    `speed` is in units a second, `left` in seconds until the limit; infinity for never.
    """

    begins: Bools
    over: Bools
    speed: Floats
    left: Floats


def _climbs(
    state: SurveillanceState, w: Closing, course: Course, age: Floats, told: telling.Telling
) -> None:
    c = state.series
    opened = (c.told[w.rows] & CLIMBS) > 0
    scales = [
        _ahead(state, w, scale, climb, age)
        for scale, climb in zip(SCALES, course.climbs, strict=True)
    ]
    over = opened & np.logical_and.reduce([ahead.over for ahead in scales])
    fresh = ~opened
    for ahead in scales:
        for i in np.flatnonzero(ahead.begins & fresh).tolist():
            told.raises(int(w.rows[i]), CLIMBS, _TREND, _climb(w, ahead, i, told))
        fresh = fresh & ~ahead.begins
        for i in np.flatnonzero(opened & ~over & (ahead.left <= _NEAR_S)).tolist():
            told.worsens(int(w.rows[i]), _TREND, _climb(w, ahead, i, told))
    told.ends(w.rows[over], CLIMBS, _TREND, "recovered")
    accepted = told.old(w.rows[opened & ~over], _TREND)
    told.ends(accepted, CLIMBS, _TREND, "new_normal")


def _ahead(state: SurveillanceState, w: Closing, scale: Scale, climb: Climb, age: Floats) -> _Ahead:
    size, usual = np.abs(climb.slope) * scale.base_s, noise(TUNING, state.series, w.rows)
    ruled, left = _time_left(state, w, climb.speed)
    horizon = min(state.policy.surveillance.detector.horizon_s, _AS_FAR * scale.base_s)
    known = age >= max(TUNING.learning_d, 2.0 * scale.base_s / 86400.0)
    learnt = known & (climb.excess >= 1.0) & (size >= _NOTABLE * usual)
    learnt &= ~ruled | (left <= horizon)
    # Who is new has no range of slopes yet; where a limit is near, that is no reason to wait.
    early = ~known & (age * 86400.0 >= scale.base_s) & (left <= scale.base_s)
    early &= size >= _CERTAIN * usual
    over = np.abs(climb.lately) * scale.base_s < _OVER * usual
    return _Ahead((learnt | early) & (climb.slope != 0.0), over, climb.speed, left)


def _time_left(state: SurveillanceState, w: Closing, speed: Floats) -> tuple[Bools, Floats]:
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


def _climb(w: Closing, ahead: _Ahead, i: int, told: telling.Telling) -> Evidence:
    state, row = told.state, int(w.rows[i])
    metric, key = told.names(row)
    hourly, value, time_left = (
        float(ahead.speed[i]) * 3600.0,
        float(w.mean[i]),
        float(ahead.left[i]),
    )
    way = "rises" if hourly > 0.0 else "falls"
    summary = f"{metric} of {key} {way} by {abs(hourly):.3g} an hour, as it never did for so long"
    severity, due = "info", None
    if time_left < np.inf:
        rule = int(state.series.rule[row])
        limit = float(state.rules.worst[rule] * state.rules.sign[rule])
        summary += f"; at {value:.4g} now, it reaches {limit:g} in {telling.span(time_left)}"
        severity, due = "high" if time_left <= _NEAR_S else "warning", state.time + time_left
    low, high = ranges(TUNING, state.series, w.rows[i : i + 1], w.at)
    usual, since = (float(low[0]), float(high[0])), state.time - LAGS_S[1]
    return Evidence("trend", severity, metric, value, *usual, since, summary, (), due)


def _gone(state: SurveillanceState, w: Closing, told: telling.Telling) -> None:
    c, a = state.series, state.agents
    back = w.rows[(c.told[w.rows] & MISSING) > 0]
    told.ends(back, MISSING, _MISSING, "recovered")
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
        length = telling.span(float(a.judged_at[c.slot[row]]) - since)
        summary = f"{key} goes on reporting, but without {metric} for {length}"
        why = Evidence("missing_metric", "warning", metric, None, None, None, since, summary)
        told.raises(row, MISSING, _MISSING, why)
    accepted = told.old(rows[opened], _MISSING)
    told.ends(accepted, MISSING, _MISSING, "new_normal")
    forget(c, accepted)


def _moved(state: SurveillanceState, w: Closing, course: Course, told: telling.Telling) -> None:
    """Say of anomalies that stay where they went that the level has shifted."""
    c = state.series
    for slot, name, finding in told.opened(BASELINE):
        row = series_of(state, slot, finding.metric)
        place = int(np.searchsorted(w.rows, row))
        if finding.kind == "shift" or place == len(w.rows) or w.rows[place] != row:
            continue
        if c.told[row] & CLIMBS:
            finding.steady = 0
            continue
        only = slice(place, place + 1)
        low, high = (float(bound[0]) for bound in ranges(TUNING, c, w.rows[only], w.at))
        mean, quiet = float(w.mean[place]), _SETTLED * float(noise(TUNING, c, w.rows[only])[0])
        steady = abs(float(course.level[place] - w.level[place])) <= quiet
        if low <= mean <= high or not steady:
            finding.steady = 0
            continue
        finding.steady += 1
        if finding.steady >= _SETTLED_AFTER:
            why = _shift(told.names(row), mean, low, high, finding.since)
            told.replaces(slot, name, BASELINE, why)


def _shift(names: tuple[str, str], mean: float, low: float, high: float, since: float) -> Evidence:
    metric, key = names
    summary = (
        f"{metric} of {key} has moved to {mean:.4g} and stays there, where {low:.4g} to"
        f" {high:.4g} was usual"
    )
    return Evidence("shift", "warning", metric, mean, low, high, since, summary)


def end(state: SurveillanceState, offset: int, rows: Ints, reason: str) -> list[Emission]:
    """End what was told of the series in `rows`."""
    told = telling.Telling(state, offset)
    for mark, channel in CHANNELS.items():
        told.ends(rows[(state.series.told[rows] & mark) > 0], mark, channel, reason)
    return told.assessed()
