"""What all metrics of an agent say together, how rare that is, and whether to raise an alarm.

Three views of the same deviations: their root mean square now, the same smoothed over five
records, and their mean relative to what each metric often shows. Each is compared with its own
past (`processors.detection.tail`), and how rare it is there is told as who has seen no more than
that may tell it. For the same reason a value beyond all that was seen says little where few records
were, or where many metrics might have set one. So the bar is the same number for every agent that
speaks once a minute, and means the same rarity; who speaks more often has as many more occasions.

What is promised is a rate of false alarms, and no tail is known that well:
`processors.detection.allowance` holds the rate.

It fails where most of what an agent does is anomalous; in its first days, when all is new and what
chance did may have raised the bar (of machines known for a day, half of the faults that are found
on known ones); and where one metric of many is a little off, as its share of the mean is small. The
score fades within hours, so what follows a fault ranks too high, and what precedes one too low.
`tests/benchmarks/perturbed.md` shows how far it hangs on units, clocks and cadences, and
`tests/benchmarks/ablation.md` which other ways of pooling were tried.

Sources: see `processors.detection.tail` and `processors.detection.allowance`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from processors.detection.allowance import Account, Cause, account
from processors.detection.arithmetic import Arithmetic, Value, ln
from processors.detection.tail import BLANK_TAIL, Tail, follow, predicted
from processors.detection.tuning import LN2, Tuning

_RARITY_FROM: Final = 60
_STILL: Final = 0.7
_OUTSIDE: Final = 3.0
"""Some metric must lie beyond so many spreads, or beyond all that was seen."""
_COMMON_S: Final = 60.0
"""Seconds between records for which the common bar was measured; slower agents keep to it."""
_SHORTEST_S: Final = 0.001
_LATELY_H: Final = 6.0
"""Half-life of what is remembered of faults, hours: as long as those last that people work on."""
_MEMORY: Final = 0.9965402628278678
"""0.5 ** (1 / 200): an alarm is remembered for some 200 records."""
_MOST_RECORDS: Final = 1_000_000.0


class Agent(NamedTuple):
    """The memory of one agent.

    Parameters
    ----------
    records : float
        How many were judged, up to a million.
    age : float
        Days of life.
    interval : float
        Mean seconds between records.
    smoothed : float
        The root mean square deviation, over about five records.
    lately : float
        The same, over some six hours.
    now, lasting, relative : Tail
        Of the three views.
    repeated : float
        The fading score of the last alarm: less is no news.
    raised_bar : float
        By how much the bar lies above the common one.
    allowance : float
        Alarms that may still be had.
    hold : float
        Seconds for which the alarm still stands; 0 where there is none.
    cause : float
        The smoothed deviation that the standing alarm began with.
    """

    records: Value
    age: Value
    interval: Value
    smoothed: Value
    lately: Value
    now: Tail
    lasting: Tail
    relative: Tail
    repeated: Value
    raised_bar: Value
    allowance: Value
    hold: Value
    cause: Value


BLANK: Final = Agent(
    0.0, 0.0, 0.0, 0.0, 0.0, BLANK_TAIL, BLANK_TAIL, BLANK_TAIL, 0.0, 0.0, 1.0, 0.0, 0.0
)


class Evidence(NamedTuple):
    """What the metrics of one record say.

    Parameters
    ----------
    metrics : float
        How many are known well enough to be judged; at least 1.
    square : float
        Sum of squared deviations.
    relative : float
        Sum of relative deviations, each at most `series.LARGEST`.
    novelty : float
        The largest.
    peak : float
        The largest deviation, in spreads.
    """

    metrics: Value
    square: Value
    relative: Value
    novelty: Value
    peak: Value


class Judgement(NamedTuple):
    """What one record of an agent comes to.

    Parameters
    ----------
    agent : Agent
        The memory after it.
    score : float
        From 0 to 1.
    rarity : float
        ``-ln p`` of evidence as strong, p a share of the agent's own records.
    bar : float
        The rarity that raises an alarm.
    lasts : bool
        Whether this record gives cause for an alarm, or the cause of the last one is still there.
    alarm : bool
        Whether one stands.
    """

    agent: Agent
    score: Value
    rarity: Value
    bar: Value
    lasts: Value
    alarm: Value


def bar_for(m: Arithmetic, alarms_per_week: float) -> float:
    """Return the common bar for a promised rate of alarms of an agent.

    Measured on servers of two public data sets: 4.0 gives one false alarm a day, and 0.7 more
    divides the rate by e.
    """
    return 4.0 + 0.7 * float(ln(m, 7.0 / alarms_per_week))


def judge(
    m: Arithmetic, p: Tuning, a: Agent, e: Evidence, dt: Value, bar: float, per_week: float
) -> Judgement:
    """Judge the evidence of one record, then learn from it.

    Parameters
    ----------
    m : Arithmetic
        Of single values or of vectors.
    p : Tuning
        The constants.
    a : Agent
        The memory before.
    e : Evidence
        What the metrics say.
    dt : float
        Seconds since the record before.
    bar : float
        See `bar_for`.
    per_week : float
        Alarms of an agent in a week that were promised.
    """
    count = a.records + 1.0
    near = m.minimum(dt, 3600.0)
    rate = m.maximum(1.0 / count, near * (LN2 / 3600.0 / p.level_h))
    strength = m.sqrt(e.square / e.metrics)
    smoothed = a.smoothed + m.maximum(1.0 / count, 0.2) * (strength - a.smoothed)
    slow = m.maximum(1.0 / count, near * (LN2 / 3600.0 / _LATELY_H))
    lately = a.lately + slow * (strength - a.lately)
    judged = a.records >= _RARITY_FROM
    often = m.rarely(a.interval < _COMMON_S, _often, a.interval)
    own_bar = bar + often + a.raised_bar + 4.0 * m.maximum(1.0 - a.age / p.learning_d, 0.0)
    now, r_now = follow(m, a.now, strength, rate, count, judged)
    lasting, r_lasting = follow(m, a.lasting, smoothed, rate, count, judged)
    relative, r_relative = follow(m, a.relative, e.relative / e.metrics, rate, count, judged)
    fresh = e.novelty / (e.novelty + p.novelty) * m.minimum(a.records / _RARITY_FROM, 1.0)
    views = m.maximum(m.maximum(r_now - 0.7, r_relative), r_lasting + 0.2)
    known = predicted(m, views, rate, count)
    records = count / (count + _RARITY_FROM * e.metrics)
    rarity = m.maximum(m.minimum(views, known), 8.0 * fresh * records)
    interval = a.interval + m.maximum(1.0 / count, 0.01) * (near - a.interval)
    fired = judged & (rarity >= own_bar) & ((e.peak >= _OUTSIDE) | (e.novelty > 0.0))
    # The agent gets used to a fault that lasts; the fault lasts nevertheless.
    began = m.where(fired, m.maximum(smoothed, m.where(a.hold > 0.0, a.cause, 0.0)), a.cause)
    lasts = fired | ((a.hold > 0.0) & (smoothed >= _STILL * a.cause) & (r_lasting > 0.0))
    cause = Cause(fired, lasts, r_now > 0.0)
    had = Account(a.hold, a.allowance, a.raised_bar)
    left = account(m, had, cause, dt, interval, a.age, per_week)
    score, repeated = _score(m, p, a, fresh, 0.5 * (smoothed + lately), e.metrics)
    after = Agent(
        records=m.minimum(count, _MOST_RECORDS),
        age=m.minimum(a.age + near * (1.0 / 86400.0), 365.0),
        interval=interval,
        smoothed=smoothed,
        lately=lately,
        now=now,
        lasting=lasting,
        relative=relative,
        repeated=repeated,
        raised_bar=left.raised_bar,
        allowance=left.allowance,
        hold=left.hold,
        cause=began,
    )
    return Judgement(after, score, rarity, own_bar, lasts, left.hold > 0.0)


def _often(m: Arithmetic, interval: Value) -> Value:
    """Return what the bar has to be higher by, for who speaks more often than once a minute."""
    return ln(m, _COMMON_S / m.maximum(interval, _SHORTEST_S))


def _score(
    m: Arithmetic, p: Tuning, a: Agent, fresh: Value, strength: Value, metrics: Value
) -> tuple[Value, Value]:
    """Return the score, and what is remembered of it.

    What was alarming a moment ago is no news, unless it grows; evidence of several metrics adds
    up, and what is seen amid other evidence of late counts for more than what stands alone: faults
    last, and come back before they go.
    """
    memory = a.repeated * _MEMORY
    news = fresh > memory
    own = m.where(news, fresh, 0.5 * fresh)
    joint = m.where(metrics > 1.0, strength / (strength + p.evidence / metrics), 0.0)
    return m.maximum(own, joint), m.where(news & (fresh > 0.5), fresh, memory)
