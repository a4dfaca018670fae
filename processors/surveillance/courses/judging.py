"""Every metric followed once a window, and what is to be said of it.

Each kind is a finding of its own, beside what the detector says of single records. All are asked
of all series at once, before the window is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from processors.columns import Ints
from processors.detection.course import SCALES, follow
from processors.detection.explain import noise
from processors.detection.fold import BLOCK
from processors.detection.memory import age_and_samples, variance
from processors.detection.profile import season_at
from processors.detection.tuning import TUNING
from processors.step import Emission
from processors.surveillance import gaps
from processors.surveillance.anomaly import CHANNEL as BASELINE
from processors.surveillance.courses import climbs, missing, shifts, still
from processors.surveillance.courses.climbs import Weighed, look_ahead
from processors.surveillance.courses.went import CHANNELS, Went, Window
from processors.surveillance.state import SurveillanceState, series_of
from processors.surveillance.telling import Telling


def judge(state: SurveillanceState, offset: int, filled: Ints) -> list[Emission]:
    """Judge the open window, of which `filled` are the series with a value."""
    policy, c = state.policy.surveillance, state.series
    if not policy.detector.enabled:
        return []
    w = Window(policy.window_s, state.window_start + 0.5 * policy.window_s)
    rows = filled[c.judged[filled]]
    told = Telling(state, offset)
    gaps.judge(state, told)
    odd = [series_of(state, slot, finding.metric) for slot, _, finding in told.opened(BASELINE)]
    blocks = np.split(rows, range(BLOCK, len(rows), BLOCK))
    followed = [_followed(state, w, block, np.array(odd, dtype=np.int64)) for block in blocks]
    went: Went = _mapped(np.concatenate, followed)
    still.judge(state, w, went, told)
    climbs.judge(state, w, went, told)
    missing.judge(state, w, went, told)
    shifts.judge(state, w, went, told)
    return told.assessed()


def _followed(state: SurveillanceState, w: Window, rows: Ints, odd: Ints) -> Went:
    """Follow the series in `rows`; return those that matter, with all that are in `odd`."""
    c = state.series
    mean = c.total[rows] / c.count[rows]
    age, _ = age_and_samples(c, rows)
    # What an hour's profile learns in the first days is as much the trend as the season.
    level = mean - np.where(age >= TUNING.season_from_d, season_at(c, rows, w.at), 0.0)
    pace = np.maximum(state.agents.interval[c.slot[rows]], w.width)
    course = follow(c, rows, level, c.low[rows], c.high[rows], pace)
    varies = (age >= TUNING.learning_d) & (variance(c, rows) > 0.0)
    weighed = Weighed(rows, mean, age, noise(TUNING, c, rows))
    ahead = tuple(
        look_ahead(state, weighed, scale, climb)
        for scale, climb in zip(SCALES, course.climbs, strict=True)
    )
    stuck = course.stuck & varies
    matters = stuck | (c.told[rows] > 0) | np.isin(rows, odd)
    for each in ahead:
        matters |= each.begins
    went = Went(rows, mean, stuck, course.moving, course.level - level, ahead)
    kept: Went = _mapped(lambda columns: columns[0][matters], [went])
    return kept


def _mapped(change: Callable[[Sequence[Any]], Any], parts: Sequence[Any]) -> Any:
    """Return tuples of arrays as one, each array made by `change` of those in its place."""
    if isinstance(parts[0], np.ndarray):
        return change(parts)
    columns = [_mapped(change, column) for column in zip(*parts, strict=True)]
    return type(parts[0])(*columns) if hasattr(parts[0], "_fields") else tuple(columns)


def end(state: SurveillanceState, offset: int, rows: Ints, reason: str) -> list[Emission]:
    """End what was told of the series in `rows`."""
    told = Telling(state, offset)
    for mark, channel in CHANNELS.items():
        told.ends(rows[(state.series.told[rows] & mark) > 0], mark, channel, reason)
    return told.assessed()
