"""The detector on one agent, a row at a time, as a backtest reads it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from processors.detection.agent import bar_for
from processors.detection.arithmetic import SCALAR
from processors.detection.explain import drivers
from processors.detection.fold import FEW, Promise, Seen, Values, one_record, see, tell
from processors.detection.memory import OwnAgents, OwnSeries, accept, rest
from processors.detection.tuning import TUNING, Tuning


class Row(NamedTuple):
    """What the detector says of one row.

    Parameters
    ----------
    score : float
        From 0 to 1.
    alarm : bool
        Whether an alarm stands.
    drivers : tuple of int
        Columns that made it an anomaly, strongest first; empty where no alarm begins or lasts.
    """

    score: float
    alarm: bool
    drivers: tuple[int, ...]


class _Told(NamedTuple):
    score: float
    lasts: bool
    alarm: bool
    seen: Seen | None


class Stream:
    """The detector of one agent.

    Parameters
    ----------
    metrics : int
        How many columns a row has.
    per_week : float
        False alarms that are allowed in a week.
    accept_after_s : float
        An alarm that stands this long is accepted as the new normal.
    tuning : Tuning
        The constants.

    Examples
    --------
    A value that was never near, after half a day of small noise:

    >>> stream = Stream(1, per_week=7.0, accept_after_s=86400.0)
    >>> rows = [stream.row(60.0 * k, [10.0 + k * k % 7]) for k in range(720)]
    >>> stream.row(60.0 * 720, [95.0]).alarm
    True
    """

    def __init__(
        self, metrics: int, per_week: float, accept_after_s: float, tuning: Tuning = TUNING
    ) -> None:
        self._series, self._agents = OwnSeries(), OwnAgents()
        self._agents.take()
        self._tuning = tuning
        self._promise = Promise(per_week, bar_for(SCALAR, per_week))
        self._accept_after_s = accept_after_s
        self._since = math.inf
        self._one = np.zeros(1, dtype=np.int64)
        self._metrics = 0
        self._widen(metrics)

    def row(self, at: float, values: Sequence[float | None]) -> Row:
        """Judge the row measured at `at`, seconds since the epoch.

        None is a missing value; a row that is longer than those before brings new metrics.
        """
        if len(values) > self._metrics:
            self._widen(len(values))
        present = [index for index, value in enumerate(values) if value is not None]
        if not present:
            return Row(0.0, self._since != math.inf, ())
        measured = [values[index] for index in present]
        told = (self._few if len(present) < FEW else self._many)(at, present, measured)
        self._keep(at, told)
        if not told.alarm or told.seen is None:
            return Row(told.score, told.alarm, ())
        strongest = drivers(self._tuning, told.seen, np.ones(len(present), dtype=np.bool_))
        return Row(told.score, True, tuple(present[index] for index in strongest.tolist()))

    def _few(self, at: float, rows: list[int], values: list[Any]) -> _Told:
        one = one_record(
            self._tuning, self._series, self._agents, rows, values, 0, at, self._promise
        )
        j = one.verdict
        if j is None:
            return _Told(0.0, lasts=False, alarm=False, seen=None)
        seen = Seen(*map(np.array, zip(*one.seen, strict=True))) if j.alarm else None
        return _Told(j.score, lasts=j.lasts, alarm=j.alarm, seen=seen)

    def _many(self, at: float, rows: list[int], values: list[Any]) -> _Told:
        value, record = np.array(values, dtype=np.float64), np.zeros(len(rows), dtype=np.int64)
        v = Values(np.array(rows), value, record, self._one, np.array([at]))
        seen = see(self._tuning, self._series, v)
        told = tell(self._tuning, self._agents, v, seen, self._promise)
        lasts, alarm = bool(told.lasts[0]), bool(told.alarm[0])
        return _Told(float(told.score[0]), lasts=lasts, alarm=alarm, seen=seen)

    def _widen(self, metrics: int) -> None:
        self._series.take_block(metrics - self._metrics)
        self._metrics = metrics

    def _keep(self, at: float, told: _Told) -> None:
        if not told.alarm:
            self._since = math.inf
        elif self._since == math.inf:
            self._since = at
        elif told.lasts and at - self._since >= self._accept_after_s:
            self._since = math.inf
            rest(self._agents, 0)
            accept(self._series, np.arange(self._metrics), at)
