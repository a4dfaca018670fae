"""One agent and its metrics as plain floats: the same rules, and the same bits, a row at a time.

A column of NumPy is quick for a fetch of thousands of values, and slow for one: reaching into it
costs more than the sums. Here what is known of a metric is a tuple, rounded to single precision
just as a column rounds it; a test holds both to the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from processors.detection import agent as agents
from processors.detection.agent import judge
from processors.detection.arithmetic import Arithmetic, Truth, Value
from processors.detection.fold import LARGEST_VALUE, Promise, Seen
from processors.detection.inlined import inlined
from processors.detection.memory import AgentMemory, SeriesMemory, flat
from processors.detection.moment import placed
from processors.detection.profile import DAILY, HOURLY, HOURS, SLOTS, STEP, turned
from processors.detection.series import BLANK, JUDGED_FROM, LARGEST, Series, observe
from processors.detection.tuning import Tuning

_HOUR_S: Final = 3600.0
_SERIES: Final = len(Series._fields)
_LEARNT: Final = _SERIES + 2
_AGENT: Final = len(flat(agents.BLANK))


class Learnt(NamedTuple):
    """What changes with every value of a metric.

    Parameters
    ----------
    series : Series
        See `processors.detection.series`.
    hourly, daily : float
        What the present hour, and the present day, have taught.
    """

    series: Series
    hourly: Value
    daily: Value


class Expected(NamedTuple):
    """What a profile adds to the level in this hour, in the nearest other one, and on this day.

    Parameters
    ----------
    here, beside, day : float
        Without what is taught of late.
    lean : float
        How far to lean from `here` to `beside`.
    """

    here: Value
    beside: Value
    day: Value
    lean: Value


class Said(NamedTuple):
    """What one value says, and what is known after it.

    Parameters
    ----------
    learnt : Learnt
        The memory after it.
    novelty, deviation, relative
        See `processors.detection.series.Observed`.
    size, counted : float
        The deviation unsigned, and the relative one as evidence counts it.
    judged : bool
        Whether the metric was known well enough.
    """

    learnt: Learnt
    novelty: Value
    deviation: Value
    relative: Value
    size: Value
    counted: Value
    judged: Truth


_KEPT_SAID: Final = f"<d{_LEARNT - 1}f5d?"
_KEPT_JUDGEMENT: Final = f"<{_AGENT}f3d2?"
_SCORE, _LASTS, _ALARM = _AGENT, _AGENT + 3, _AGENT + 4


def say(m: Arithmetic, p: Tuning, of: Learnt, e: Expected, x: Value, after_s: Value) -> Said:
    """Judge value `x` and learn from it, as `processors.detection.fold.see` does."""
    here = e.here + of.hourly
    season = here + e.lean * (e.beside - here) + (e.day + of.daily)
    near = m.minimum(m.maximum(x, -LARGEST_VALUE), LARGEST_VALUE)
    dt = m.minimum(m.maximum(after_s, 0.0), _HOUR_S)
    o = observe(m, p, of.series, season, near, m.where(of.series.samples > 0.0, dt, 0.0))
    return Said(
        Learnt(o.series, of.hourly + o.hourly, of.daily + o.daily),
        o.novelty,
        o.deviation,
        o.relative,
        size=m.maximum(o.deviation, -o.deviation),
        counted=m.minimum(o.relative, LARGEST),
        judged=of.series.samples >= JUDGED_FROM,
    )


@cache
def _sayer(p: Tuning) -> Callable[..., tuple[Any, ...]]:
    return inlined(say, _KEPT_SAID, p=p)


@cache
def _judge(p: Tuning, promise: Promise) -> Callable[..., tuple[Any, ...]]:
    return inlined(judge, _KEPT_JUDGEMENT, p=p, bar=promise.bar, per_week=promise.per_week)


class Metric:
    """What is known of one metric: a row of `processors.detection.memory.SeriesMemory`."""

    __slots__ = ("judged_at", "learnt", "profile", "step")

    def __init__(self) -> None:
        self.learnt: tuple[float, ...] = (*BLANK, 0.0, 0.0)
        self.profile: Sequence[int] = (0,) * SLOTS
        self.step = self.judged_at = 0.0

    def turn(self, at: float) -> None:
        """Take what the hour of the last value has taught into the profile."""
        lessons = (self.step, *self.learnt[_SERIES:])
        self.profile, (self.step, *taught) = turned(self.profile, lessons, self.judged_at, at)
        self.learnt = (*self.learnt[:_SERIES], *taught)


Seeing = tuple[float, float, float, float, float, bool]
"""Fields of `Said`, after the first."""
Told = tuple[float, bool, bool, list[Seeing] | Seen]
"""Score, whether there is cause for an alarm, whether one stands, and what each value says."""


class Single:
    """The memory of one agent and of its metrics.

    Parameters
    ----------
    p : Tuning
        The constants.
    promise : Promise
        How often the agent may be called anomalous.
    """

    def __init__(self, p: Tuning, promise: Promise) -> None:
        self._say, self._judge = _sayer(p), _judge(p, promise)
        self.metrics: list[Metric] = []
        self._agent: tuple[float, ...] = tuple(flat(agents.BLANK))
        self._judged_at = 0.0

    def widen(self, metrics: int) -> None:
        """Know of so many metrics."""
        self.metrics += [Metric() for _ in range(metrics - len(self.metrics))]

    def row(self, at: float, values: Sequence[float | None]) -> Told | None:
        """Judge what was measured at `at`, and learn from it; None where nothing is known."""
        when = placed(at)
        seen = [
            self._see(metric, at, when, x)
            for metric, x in zip(self.metrics, values, strict=False)
            if x is not None
        ]
        evidence = _evidence(seen)
        if not evidence[0]:
            return None
        dt = max(at - self._judged_at, 0.0) if self._agent[0] else 0.0
        found = self._judge(self._agent, evidence, dt)
        self._agent, self._judged_at = found[:_AGENT], at
        return found[_SCORE], found[_LASTS], found[_ALARM], seen

    def _see(
        self, metric: Metric, at: float, when: tuple[int, int, float, int], x: float
    ) -> Seeing:
        before = metric.judged_at
        if before // _HOUR_S != at // _HOUR_S:
            metric.turn(at)
        hour, beside, lean, weekday = when
        profile, step = metric.profile, metric.step
        usual = profile[hour] * step, profile[beside] * step, profile[HOURS + weekday] * step, lean
        said = self._say(metric.learnt, usual, x, at - before)
        metric.learnt, metric.judged_at = said[:_LEARNT], at
        return said[_LEARNT:]

    def put(self, c: SeriesMemory, a: AgentMemory) -> None:
        """Write everything into the first rows of columns."""
        a.evidence[0], a.judged_at[0] = self._agent, self._judged_at
        for row, metric in enumerate(self.metrics):
            learnt = metric.learnt
            c.expected[row], c.known[row] = learnt[0], learnt[1:_SERIES]
            c.lessons[row] = (metric.step, *learnt[_SERIES:])
            c.profile[row], c.judged_at[row] = metric.profile, metric.judged_at

    def get(self, c: SeriesMemory, a: AgentMemory) -> None:
        """Read everything from the first rows of columns."""
        self._agent, self._judged_at = tuple(a.evidence[0].tolist()), float(a.judged_at[0])
        for row, metric in enumerate(self.metrics):
            lessons = c.lessons[row].tolist()
            known = c.known[row].tolist()
            metric.learnt = (float(c.expected[row]), *known, lessons[HOURLY], lessons[DAILY])
            metric.step, metric.judged_at = lessons[STEP], float(c.judged_at[row])
            metric.profile = c.profile[row].tolist()


def _evidence(seen: list[Seeing]) -> tuple[float, float, float, float, float]:
    """Add up what the metrics say, in their order: an `Evidence`."""
    metrics, square, relative, novelty, peak = 0.0, 0.0, 0.0, 0.0, 0.0
    for new, _, _, size, counted, judged in seen:
        if judged:
            metrics += 1.0
            square += size * size
            relative += counted
            novelty = max(novelty, new)
            peak = max(peak, size)
    return metrics, square, relative, novelty, peak
