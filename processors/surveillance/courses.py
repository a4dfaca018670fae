"""What only a window shows: metrics that stand still, climb, moved for good, or are missing.

Each is a finding of its own kind, beside what the detector says of single records. All are asked
once a window of all series at once, before the window is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from processors.columns import Bools, Floats, Ints
from processors.detection.course import LAGS_S, SCALES, Climb, Scale, follow, settle
from processors.detection.explain import noise, ranges
from processors.detection.fold import BLOCK
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


class _Ahead(NamedTuple):
    """Where the climbs of one scale lead.

    `speed` is in units a second, `left` in seconds until the limit; infinity for never.
    """

    begins: Bools
    over: Bools
    speed: Floats
    left: Floats


class _Went(NamedTuple):
    """How series went in the window that closes: those of which there is something to say.

    Parameters
    ----------
    rows : array of int
        Series with a value in it, ascending.
    mean : array
        Of those values.
    stuck, moving : array of bool
        See `processors.detection.course.Course`; none is stuck that never varied.
    moved : array
        By how much the mean of half an hour is above that of the window, seasons apart.
    ahead : tuple of _Ahead
        One for each of `SCALES`.
    """

    rows: Ints
    mean: Floats
    stuck: Bools
    moving: Bools
    moved: Floats
    ahead: tuple[_Ahead, ...]


class _Window(NamedTuple):
    """The window that closes: its length in seconds, and its middle, seconds since the epoch."""

    width: float
    at: float


def judge(state: SurveillanceState, offset: int, filled: Ints) -> list[Emission]:
    """Judge the open window, of which `filled` are the series with a value."""
    policy, c = state.policy.surveillance, state.series
    if not policy.detector.enabled:
        return []
    w = _Window(policy.window_s, state.window_start + 0.5 * policy.window_s)
    rows = filled[c.judged[filled]]
    told = telling.Telling(state, offset)
    gaps.judge(state, told)
    odd = [series_of(state, slot, finding.metric) for slot, _, finding in told.opened(BASELINE)]
    blocks = np.split(rows, range(BLOCK, len(rows), BLOCK))
    followed = [_followed(state, w, block, np.array(odd, dtype=np.int64)) for block in blocks]
    went: _Went = _mapped(np.concatenate, followed)
    _stuck(state, w, went, told)
    _climbs(state, w, went, told)
    _gone(state, w, went, told)
    _moved(state, w, went, told)
    return told.assessed()


def _followed(state: SurveillanceState, w: _Window, rows: Ints, odd: Ints) -> _Went:
    """Follow the series in `rows`; return those that matter, with all that are in `odd`."""
    c = state.series
    mean = c.total[rows] / c.count[rows]
    age, _ = age_and_samples(c, rows)
    # What an hour's profile learns in the first days is as much the trend as the season.
    level = mean - np.where(age >= TUNING.season_from_d, season_at(c, rows, w.at), 0.0)
    pace = np.maximum(state.agents.interval[c.slot[rows]], w.width)
    course = follow(c, rows, level, c.low[rows], c.high[rows], pace)
    varies = (age >= TUNING.learning_d) & (variance(c, rows) > 0.0)
    weighed = _Weighed(rows, mean, age, noise(TUNING, c, rows))
    ahead = tuple(
        _ahead(state, weighed, scale, climb)
        for scale, climb in zip(SCALES, course.climbs, strict=True)
    )
    stuck = course.stuck & varies
    matters = stuck | (c.told[rows] > 0) | np.isin(rows, odd)
    for each in ahead:
        matters |= each.begins
    went = _Went(rows, mean, stuck, course.moving, course.level - level, ahead)
    kept: _Went = _mapped(lambda columns: columns[0][matters], [went])
    return kept


def _mapped(change: Callable[[Sequence[Any]], Any], parts: Sequence[Any]) -> Any:
    """Return tuples of arrays as one, each array made by `change` of those in its place."""
    if isinstance(parts[0], np.ndarray):
        return change(parts)
    columns = [_mapped(change, column) for column in zip(*parts, strict=True)]
    return type(parts[0])(*columns) if hasattr(parts[0], "_fields") else tuple(columns)


def _stuck(state: SurveillanceState, w: _Window, went: _Went, told: telling.Telling) -> None:
    c, rows = state.series, went.rows
    opened = (c.told[rows] & STILL) > 0
    for i in np.flatnonzero(went.stuck & ~opened).tolist():
        row, value = int(rows[i]), float(went.mean[i])
        length = float(c.still[row]) * w.width
        metric, key = told.names(row)
        low, high = ranges(TUNING, c, rows[i : i + 1], w.at)
        summary = (
            f"{metric} of {key} has said exactly {value:g} for {telling.span(length)};"
            f" it never stood still for long before"
        )
        since = state.time - length
        why = Evidence(
            "flat_line", "warning", metric, value, float(low[0]), float(high[0]), since, summary
        )
        told.raises(row, STILL, _STILL, why)
    told.ends(rows[opened & went.moving], STILL, _STILL, "recovered")
    accepted = told.old(rows[opened & ~went.moving], _STILL)
    settle(c, accepted)
    told.ends(accepted, STILL, _STILL, "new_normal")


def _climbs(state: SurveillanceState, w: _Window, went: _Went, told: telling.Telling) -> None:
    rows = went.rows
    opened = (state.series.told[rows] & CLIMBS) > 0
    over = opened & np.logical_and.reduce([ahead.over for ahead in went.ahead])
    fresh = ~opened
    for ahead in went.ahead:
        for i in np.flatnonzero(ahead.begins & fresh).tolist():
            told.raises(int(rows[i]), CLIMBS, _TREND, _climb(w, went, ahead, i, told))
        fresh = fresh & ~ahead.begins
        for i in np.flatnonzero(opened & ~over & (ahead.left <= _NEAR_S)).tolist():
            told.worsens(int(rows[i]), _TREND, _climb(w, went, ahead, i, told))
    told.ends(rows[over], CLIMBS, _TREND, "recovered")
    accepted = told.old(rows[opened & ~over], _TREND)
    told.ends(accepted, CLIMBS, _TREND, "new_normal")


class _Weighed(NamedTuple):
    """Series, the means of their windows, their ages in days, and how much noise is usual."""

    rows: Ints
    mean: Floats
    age: Floats
    usual: Floats


def _ahead(state: SurveillanceState, w: _Weighed, scale: Scale, climb: Climb) -> _Ahead:
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
    return _Ahead((learnt | early) & (climb.slope != 0.0), over, climb.speed, left)


def _time_left(state: SurveillanceState, w: _Weighed, speed: Floats) -> tuple[Bools, Floats]:
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


def _climb(w: _Window, went: _Went, ahead: _Ahead, i: int, told: telling.Telling) -> Evidence:
    state, row = told.state, int(went.rows[i])
    metric, key = told.names(row)
    hourly, value, time_left = (
        float(ahead.speed[i]) * 3600.0,
        float(went.mean[i]),
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
    low, high = ranges(TUNING, state.series, went.rows[i : i + 1], w.at)
    usual, since = (float(low[0]), float(high[0])), state.time - LAGS_S[1]
    return Evidence("trend", severity, metric, value, *usual, since, summary, (), due)


def _gone(state: SurveillanceState, w: _Window, went: _Went, told: telling.Telling) -> None:
    c, a = state.series, state.agents
    back = went.rows[(c.told[went.rows] & MISSING) > 0]
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


def _moved(state: SurveillanceState, w: _Window, went: _Went, told: telling.Telling) -> None:
    """Say of anomalies that stay where they went that the level has shifted."""
    c, rows = state.series, went.rows
    for slot, name, finding in told.opened(BASELINE):
        row = series_of(state, slot, finding.metric)
        place = int(np.searchsorted(rows, row))
        if finding.kind != "anomaly" or place == len(rows) or rows[place] != row:
            continue
        if c.told[row] & CLIMBS:
            finding.steady = 0
            continue
        only = slice(place, place + 1)
        low, high = (float(bound[0]) for bound in ranges(TUNING, c, rows[only], w.at))
        mean, quiet = float(went.mean[place]), _SETTLED * float(noise(TUNING, c, rows[only])[0])
        steady = abs(float(went.moved[place])) <= quiet
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
