"""Values folded into the memory: one by one, or as vectors, with the same bits."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from processors.columns import Bools, Floats, Ints
from processors.detection import agent as agents
from processors.detection.agent import Evidence, judge
from processors.detection.arithmetic import VECTOR
from processors.detection.inlined import inlined
from processors.detection.memory import (
    PACKED_AGENT,
    PACKED_LESSONS,
    PACKED_SERIES,
    AgentMemory,
    SeriesMemory,
    flat,
    gathered,
    nested,
    scatter,
)
from processors.detection.moment import Moments, moment, moments
from processors.detection.profile import DAILY, HOURLY, HOURS, STEP, season, turn
from processors.detection.series import JUDGED_FROM, LARGEST, Series, observe
from processors.detection.tuning import Tuning

FEW: Final = 12
"""Below so many values, single ones are faster than vectors."""
BLOCK: Final = 8192
"""Values folded at once: so few that what is computed on the way stays in a core's cache."""
_observe_one: Final = inlined(observe)
_judge_one: Final = inlined(judge)
_SERIES: Final = len(Series._fields)
_AGENT: Final = len(flat(agents.BLANK))
_HOUR_S: Final = 3600.0
LARGEST_VALUE: Final = 1e18
"""Beyond it squares leave single precision; what is larger is taken for as large."""


class Promise(NamedTuple):
    """How often an agent may be called anomalous.

    Parameters
    ----------
    per_week : float
        False alarms of an agent in a week.
    bar : float
        See `processors.detection.agent.bar_for`.
    """

    per_week: float
    bar: float


class Values(NamedTuple):
    """Values of one round, in the order of their records; no series and no agent twice.

    Parameters
    ----------
    series, value : array, shape (values,)
        Row of each value's series, and the value.
    record : array, shape (values,)
        The record that it came in, ascending.
    agent, at : array, shape (records,)
        Row of each record's agent, and when it was measured, seconds since the epoch.
    """

    series: Ints
    value: Floats
    record: Ints
    agent: Ints
    at: Floats


class Seen(NamedTuple):
    """What values say.

    Parameters
    ----------
    novelty, deviation, relative : array, shape (values,)
        See `processors.detection.series.Observed`.
    judged : array of bool, shape (values,)
        Whether the metric was known well enough.
    """

    novelty: Floats
    deviation: Floats
    relative: Floats
    judged: Bools


class Verdict(NamedTuple):
    """What one record comes to; see `processors.detection.agent.Judgement`."""

    score: float
    rarity: float
    bar: float
    lasts: bool
    alarm: bool


class Told(NamedTuple):
    """What the records come to; 0 and False where no metric is known yet.

    Parameters
    ----------
    score, rarity, bar : array, shape (records,)
        See `processors.detection.agent.Judgement`.
    lasts, alarm : array of bool, shape (records,)
        Whether the record gives cause for an alarm, and whether one stands.
    """

    score: Floats
    rarity: Floats
    bar: Floats
    lasts: Bools
    alarm: Bools


def see(p: Tuning, c: SeriesMemory, v: Values) -> Seen:
    """Judge every value against its series, and learn from it."""
    size = len(v.value)
    if size < FEW:
        return _see_each(p, c, v)
    novelty, deviation, relative = np.empty((3, size))
    seen = Seen(novelty, deviation, relative, np.empty(size, dtype=np.bool_))
    when = moments(v.at)
    for first in range(0, size, BLOCK):
        here = slice(first, first + BLOCK)
        record = v.record[here]
        then = Moments._make(column.take(record) for column in when)
        found = _see_block(p, c, v.series[here], v.value[here], v.at.take(record), then)
        for column, part in zip(seen, found, strict=True):
            column[here] = part
    return seen


def _see_block(
    p: Tuning, c: SeriesMemory, rows: Ints, value: Floats, at: Floats, when: Moments
) -> Seen:
    turn(c, rows, at)
    known = gathered(c.known, rows)
    dt = np.minimum(np.maximum(at - c.judged_at[rows], 0.0), _HOUR_S)
    dt[known[0] == 0.0] = 0.0
    value = np.clip(value, -LARGEST_VALUE, LARGEST_VALUE)
    lessons = gathered(c.lessons, rows)
    usual = season(c, rows, when, lessons)
    o = observe(VECTOR, p, Series(c.expected[rows], *known), usual, value, dt)
    c.expected[rows] = o.series.level
    scatter(c.known, rows, o.series[1:])
    scatter(c.lessons, rows, [lessons[STEP], lessons[HOURLY] + o.hourly, lessons[DAILY] + o.daily])
    c.judged_at[rows] = at
    return Seen(o.novelty, o.deviation, o.relative, known[0] >= JUDGED_FROM)


def _see_each(p: Tuning, c: SeriesMemory, v: Values) -> Seen:
    size = len(v.value)
    found = Seen(np.zeros(size), np.zeros(size), np.zeros(size), np.zeros(size, dtype=np.bool_))
    at = v.at[v.record].tolist()
    for i, (row, x) in enumerate(zip(v.series.tolist(), v.value.tolist(), strict=True)):
        novelty, deviation, relative, judged = _see_one(p, c, row, x, at[i])
        found.novelty[i], found.deviation[i] = novelty, deviation
        found.relative[i], found.judged[i] = relative, judged
    return found


def _see_one(
    p: Tuning, c: SeriesMemory, row: int, x: float, at: float
) -> tuple[float, float, float, bool]:
    when, before = moment(at), c.judged_at.item(row)
    if before // _HOUR_S != at // _HOUR_S:
        turn(c, np.array([row]), np.array([at]))
    place, aside = row * PACKED_SERIES.size, row * PACKED_LESSONS.size
    step, taught, today = PACKED_LESSONS.unpack_from(c.lessons.data, aside)
    profile = c.profile.data
    here = profile[row, when.hour] * step + taught
    beside = profile[row, when.beside] * step
    day = profile[row, HOURS + when.weekday] * step + today
    usual = here + when.lean * (beside - here) + day
    known = PACKED_SERIES.unpack_from(c.known.data, place)
    samples = known[0]
    dt = min(max(at - before, 0.0), _HOUR_S) if samples else 0.0
    x = min(max(x, -LARGEST_VALUE), LARGEST_VALUE)
    o = _observe_one(p, (c.expected.item(row), *known), usual, x, dt)
    novelty, deviation, relative, hourly, daily = o[_SERIES:]
    c.expected[row], c.judged_at[row] = o[0], at
    PACKED_SERIES.pack_into(c.known.data, place, *o[1:_SERIES])
    PACKED_LESSONS.pack_into(c.lessons.data, aside, step, taught + hourly, today + daily)
    return novelty, deviation, relative, samples >= JUDGED_FROM


def tell(p: Tuning, a: AgentMemory, v: Values, seen: Seen, promise: Promise) -> Told:
    """Judge every record by what its metrics say, and learn from it."""
    size = len(v.agent)
    told = Told(*np.zeros((3, size)), *np.zeros((2, size), dtype=np.bool_))
    told.alarm[:] = np.isfinite(a.alarm_since[v.agent])
    all_evidence = _evidence(v, seen, size)
    judged = np.flatnonzero(all_evidence.metrics)
    if len(judged) < FEW:
        for i in judged.tolist():
            evidence = Evidence(*(float(column[i]) for column in all_evidence))
            one = _tell_one(p, a, int(v.agent[i]), evidence, float(v.at[i]), promise)
            told.score[i], told.rarity[i] = one.score, one.rarity
            told.bar[i], told.lasts[i], told.alarm[i] = one.bar, one.lasts, one.alarm
        return told
    rows, at = v.agent[judged], v.at[judged]
    memory = nested(list(gathered(a.evidence, rows)))
    dt = np.maximum(at - a.judged_at[rows], 0.0)
    dt[memory.records == 0.0] = 0.0
    evidence = Evidence(*(column[judged] for column in all_evidence))
    j = judge(VECTOR, p, memory, evidence, dt, promise.bar, promise.per_week)
    scatter(a.evidence, rows, flat(j.agent))
    a.judged_at[rows] = at
    told.score[judged], told.rarity[judged] = j.score, j.rarity
    told.bar[judged], told.lasts[judged], told.alarm[judged] = j.bar, j.lasts, j.alarm
    return told


def _tell_one(
    p: Tuning, a: AgentMemory, row: int, evidence: Evidence, at: float, promise: Promise
) -> Verdict:
    place = row * PACKED_AGENT.size
    memory = PACKED_AGENT.unpack_from(a.evidence.data, place)
    dt = max(at - a.judged_at.item(row), 0.0) if memory[0] else 0.0
    j = _judge_one(p, memory, evidence, dt, promise.bar, promise.per_week)
    PACKED_AGENT.pack_into(a.evidence.data, place, *j[:_AGENT])
    a.judged_at[row] = at
    return Verdict._make(j[_AGENT:])


def _evidence(v: Values, seen: Seen, records: int) -> Evidence:
    """Add up what the metrics of each record say, in their order."""
    counted = np.flatnonzero(seen.judged)
    record, deviation = v.record[counted], seen.deviation[counted]
    novelty, peak = np.zeros((2, records))
    np.maximum.at(novelty, record, seen.novelty[counted])
    np.maximum.at(peak, record, np.abs(deviation))
    return Evidence(
        metrics=np.bincount(record, minlength=records).astype(np.float64),
        square=np.bincount(record, deviation * deviation, records),
        relative=np.bincount(record, np.minimum(seen.relative[counted], LARGEST), records),
        novelty=novelty,
        peak=peak,
    )
