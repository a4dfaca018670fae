"""The detector on one agent, a row at a time, as a backtest reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from processors.detection.agent import bar_for
from processors.detection.arithmetic import SCALAR
from processors.detection.explain import drivers
from processors.detection.fold import Promise, Values, see, tell
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
        self._one = np.zeros(1, dtype=np.int64)
        self._widen(metrics)

    def row(self, at: float, values: Sequence[float | None]) -> Row:
        """Judge the row measured at `at`, seconds since the epoch.

        None is a missing value; a row that is longer than those before brings new metrics.
        """
        if len(values) > len(self._rows):
            self._widen(len(values))
        present = [index for index, value in enumerate(values) if value is not None]
        if not present:
            return Row(0.0, bool(np.isfinite(self._agents.alarm_since[0])), ())
        rows = self._rows if len(present) == len(values) else self._rows[present]
        value = np.array([values[index] for index in present], dtype=np.float64)
        v = Values(rows, value, self._record[: len(rows)], self._one, np.array([at]))
        seen = see(self._tuning, self._series, v)
        told = tell(self._tuning, self._agents, v, seen, self._promise)
        alarm, score = bool(told.alarm[0]), float(told.score[0])
        self._keep(at, alarm, bool(told.lasts[0]))
        if not alarm:
            return Row(score, False, ())
        return Row(score, True, tuple(rows[drivers(self._tuning, v, seen, 0)].tolist()))

    def _widen(self, metrics: int) -> None:
        self._series.take_block(metrics - self._series.size)
        self._rows = np.arange(metrics)
        self._record = np.zeros(metrics, dtype=np.int64)

    def _keep(self, at: float, alarm: bool, lasts: bool) -> None:
        since = float(self._agents.alarm_since[0])
        if not alarm:
            self._agents.alarm_since[0] = np.inf
        elif since == np.inf:
            self._agents.alarm_since[0] = at
        elif lasts and at - since >= self._accept_after_s:
            self._agents.alarm_since[0] = np.inf
            rest(self._agents, 0)
            accept(self._series, self._rows)
