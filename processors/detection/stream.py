"""The detector on one agent, a row at a time, as a backtest reads it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from processors.detection.agent import bar_for
from processors.detection.arithmetic import SCALAR
from processors.detection.explain import drivers
from processors.detection.fold import Promise, Seen, Values, see, tell
from processors.detection.memory import OwnAgents, OwnSeries, accept, rest
from processors.detection.single import Seeing, Single, Told
from processors.detection.standing import turn
from processors.detection.tuning import TUNING, Tuning

WIDE: Final = 56
"""Rows of so many metrics are quicker as vectors."""


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
        self._tuning, self._accept_after_s = tuning, accept_after_s
        self._promise = Promise(per_week, bar_for(SCALAR, per_week))
        self._single = Single(tuning, self._promise)
        self._series, self._agents = OwnSeries(), OwnAgents()
        self._agents.take()
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
        told = (self._single.row if self._metrics < WIDE else self._many)(at, values)
        if told is None:
            return Row(0.0, self._since != math.inf, ())
        score, lasts, alarm, seen = told
        self._keep(at, lasts, alarm)
        return Row(score, alarm, self._drivers(seen, values) if alarm else ())

    def _many(self, at: float, values: Sequence[float | None]) -> Told | None:
        rows = _present(values)
        if not rows:
            return None
        value = np.array([values[row] for row in rows], dtype=np.float64)
        record = np.zeros(len(rows), dtype=np.int64)
        v = Values(np.array(rows), value, record, self._one, np.array([at]))
        seen = see(self._tuning, self._series, v)
        if not seen.judged.any():
            return None
        told = tell(self._tuning, self._agents, v, seen, self._promise)
        return float(told.score[0]), bool(told.lasts[0]), bool(told.alarm[0]), seen

    def _drivers(
        self, seen: list[Seeing] | Seen, values: Sequence[float | None]
    ) -> tuple[int, ...]:
        present = _present(values)
        if len(present) == 1:
            return (present[0],)
        if not isinstance(seen, Seen):
            novelty, deviation, relative, _, _, judged = map(np.array, zip(*seen, strict=True))
            seen = Seen(novelty, deviation, relative, judged)
        strongest = drivers(self._tuning, seen, np.ones(len(present), dtype=np.bool_))
        return tuple(present[index] for index in strongest.tolist())

    def _widen(self, metrics: int) -> None:
        if self._metrics < WIDE <= metrics:
            self._single.put(self._series, self._agents)
        self._series.take_block(metrics - self._metrics)
        self._single.widen(metrics)
        self._metrics = metrics

    def _keep(self, at: float, lasts: bool, alarm: bool) -> None:
        if not alarm and self._since == math.inf:
            return
        begins, ends, accepted = turn(self._since, at, alarm, lasts, self._accept_after_s)
        if begins:
            self._since = at
        elif ends:
            self._since = math.inf
            if accepted:
                self._accept(at)

    def _accept(self, at: float) -> None:
        few = self._metrics < WIDE
        if few:
            self._single.put(self._series, self._agents)
        rest(self._agents, 0)
        accept(self._series, np.arange(self._metrics), at)
        if few:
            self._single.get(self._series, self._agents)


def _present(values: Sequence[float | None]) -> list[int]:
    return [index for index, value in enumerate(values) if value is not None]
