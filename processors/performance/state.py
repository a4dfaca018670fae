"""What is remembered of each agent's work, by columns, and what its windows tell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from config.performance import PerformancePolicy
from processors.columns import Columns, Floats, Ints
from processors.parts import Raw
from processors.performance.histogram import BUCKETS, bucket_of, quantiles
from processors.performance.score import LEVELS, Measured, Parts, level, parts, score
from processors.performance.window import Closing, Window, aligned, means
from streams.contracts.events.performance import AgentPerformanceChanged

RESPONSE: Final = "response_time_avg"
COMPLETED: Final = "completed_tasks"
FAILED: Final = "failed_tasks"
ERRORS: Final = "error_rate"
ACTIVE: Final = "active_tasks"
OF_WORK: Final = (RESPONSE, COMPLETED, FAILED, ERRORS)
"""An agent that sends one of these has a performance."""
_HOUR_S: Final = 3600.0
_ROOM: Final = 64


class Work(Columns):
    """What is remembered of one agent's work."""

    SPEC: ClassVar = {
        "slot": (np.int32, -1),
        "response": (np.float32, (0.0,) * BUCKETS),
        "completed_last": (np.float64, np.nan),
        "failed_last": (np.float64, np.nan),
        "completed": (np.float64, 0.0),
        "failed": (np.float64, 0.0),
        "usual": (np.float64, 0.0),
        "windows": (np.int32, 0),
        "told": (np.float64, np.nan),
        "level": (np.int8, -1),
    }
    slot: npt.NDArray[np.int32]
    response: npt.NDArray[np.float32]
    completed_last: Floats
    failed_last: Floats
    completed: Floats
    failed: Floats
    usual: Floats
    windows: npt.NDArray[np.int32]
    told: Floats
    level: npt.NDArray[np.int8]


class Performance:
    """The work of one partition's agents; rows belong to those that do any."""

    def __init__(self) -> None:
        self.work = Work()
        self._rows: Ints = np.full(_ROOM, -1, dtype=np.int64)

    def respond(self, slots: Ints, values: Floats) -> None:
        """Fold one response time, in ms, of each of `slots`, which differ."""
        rows = self._rows_of(slots)  # first: new rows may move the columns
        self.work.response[rows, bucket_of(values)] += np.float32(1.0)

    def forget(self, slot: int) -> None:
        """Forget an agent's work."""
        if slot < len(self._rows) and self._rows[slot] >= 0:
            self.work.release(int(self._rows[slot]))
            self._rows[slot] = -1

    def close(self, closing: Closing) -> list[tuple[int, AgentPerformanceChanged]]:
        """Fold the window that closes; return slot and news where performance moved, by slot."""
        found = {name: closing.window(name) for name in OF_WORK}
        slots = np.unique(np.concatenate([each.slots for each in found.values()]))
        if not len(slots):
            return []
        rows, policy, w = self._rows_of(slots), closing.policy, self.work
        m = self._measured(closing, slots, found, rows)
        points = parts(policy, m)
        scores = score(policy.weights, points)
        w.windows[rows] += 1
        known = ~np.isnan(scores) & (w.windows[rows] >= policy.minimum_windows)
        before = w.level[rows].astype(np.int64)
        now = level(policy, np.where(known, scores, 0.0), before)
        moved = np.isnan(w.told[rows]) | (np.abs(scores - w.told[rows]) >= policy.step)
        news = np.flatnonzero(known & (moved | (now != before)))
        w.told[rows[news]], w.level[rows[news]] = scores[news], now[news]
        told = _Told(closing.version, m, points, scores, now, before)
        return [(int(slots[i]), told.of(i)) for i in news.tolist()]

    def parts(self) -> dict[str, npt.NDArray[Any]]:
        """Return the rows that are taken, by slot: equal states give equal parts."""
        slots = self.work.slot[: self.work.size]
        columns = self.work.parts()
        if len(slots) and (slots[0] < 0 or not bool((slots[1:] > slots[:-1]).all())):
            taken = np.flatnonzero(slots >= 0)
            taken = taken[np.argsort(slots[taken])]
            columns = {name: column[taken] for name, column in columns.items()}
        return columns

    def load(self, columns: Mapping[str, Raw]) -> None:
        """Take over the bytes of what `parts` returned."""
        size = len(columns["slot"]) // self.work.slot.itemsize
        self.work.load(size, [], columns)
        slots = self.work.slot[:size].astype(np.int64)
        self._rows = np.full(max(_ROOM, int(slots.max(initial=-1)) + 1), -1, dtype=np.int64)
        self._rows[slots] = np.arange(size)

    def _rows_of(self, slots: Ints) -> Ints:
        """Return the rows of `slots`, which differ; those that are new begin."""
        last = int(slots.max(initial=-1))
        if last >= len(self._rows):
            room = np.full(max(last + 1, 2 * len(self._rows)), -1, dtype=np.int64)
            room[: len(self._rows)] = self._rows
            self._rows = room
        rows = self._rows[slots]
        for i in np.flatnonzero(rows < 0).tolist():
            rows[i] = self._rows[slots[i]] = self.work.take()
            self.work.slot[rows[i]] = slots[i]
        return rows

    def _measured(
        self, closing: Closing, slots: Ints, found: dict[str, Window], rows: Ints
    ) -> Measured:
        w, policy = self.work, closing.policy
        usual = w.usual[rows]
        per_s, success = self._tasks(closing, slots, found, rows)
        cost, hourly = means(slots, closing.window(policy.cost_metric)), per_s * _HOUR_S
        target, limit = closing.bounds(slots)
        counts = w.response[rows]
        w.response[rows] = counts * np.float32(_keep(policy))
        p95, p99 = quantiles(counts, (0.95, 0.99))
        return Measured(
            p95_ms=p95,
            p99_ms=p99,
            success_rate=success,
            throughput_per_s=per_s,
            usual_per_s=usual,
            busy=means(slots, closing.window(ACTIVE)) > 0.0,
            utilisation=means(slots, closing.window(policy.utilisation_metric)) / 100.0,
            cost_per_task=cost / np.where(hourly > 0.0, hourly, np.nan),
            target_ms=target,
            limit_ms=limit,
        )

    def _tasks(
        self, closing: Closing, slots: Ints, found: dict[str, Window], rows: Ints
    ) -> tuple[Floats, Floats]:
        """Count the tasks of the window; return those completed a second, and the success rate."""
        w, keep = self.work, _keep(closing.policy)
        completed = self._counted(slots, found[COMPLETED], rows, "completed", keep)
        self._counted(slots, found[FAILED], rows, "failed", keep)
        per_s = completed / closing.width_s
        w.usual[rows] = _learnt(w.usual[rows], per_s, 1.0 - keep)
        done, tasks = w.completed[rows], w.completed[rows] + w.failed[rows]
        rate = done / np.where(tasks > 0.0, tasks, 1.0)
        return per_s, np.where(tasks > 0.0, rate, 1.0 - means(slots, found[ERRORS]))

    def _counted(self, slots: Ints, found: Window, rows: Ints, name: str, keep: float) -> Floats:
        """Return what a counter rose by in the window, NaN where it was not sent.

        A fall is a restart: then all that it shows is new.
        """
        total, latest = getattr(self.work, name), getattr(self.work, f"{name}_last")
        last, before = aligned(slots, found.slots, found.last), latest[rows]
        rise: Floats = np.where(last >= before, last - before, np.maximum(last, 0.0))
        rise = np.where(np.isnan(before), np.where(np.isnan(last), np.nan, 0.0), rise)
        total[rows] = total[rows] * keep + np.where(np.isnan(rise), 0.0, rise)
        latest[rows] = np.where(np.isnan(last), before, last)
        return np.where(np.isnan(last), np.nan, rise)


class _Told(NamedTuple):
    """What is told of a window, by the place of an agent in it."""

    version: int
    measured: Measured
    points: Parts
    scores: Floats
    now: Ints
    before: Ints

    def of(self, i: int) -> AgentPerformanceChanged:
        m, points = self.measured, self.points._asdict()
        return AgentPerformanceChanged(
            level=LEVELS[self.now[i]],
            previous=LEVELS[self.before[i]] if self.before[i] >= 0 else "",
            score=round(float(self.scores[i]), 1),
            parts={name: round(float(p[i]), 3) for name, p in points.items() if p[i] == p[i]},
            p95_ms=_plain(m.p95_ms[i]),
            p99_ms=_plain(m.p99_ms[i]),
            throughput_per_s=_plain(m.throughput_per_s[i]),
            success_rate=_plain(m.success_rate[i]),
            utilisation=_plain(m.utilisation[i]),
            cost_per_task=_plain(m.cost_per_task[i]),
            policy_version=self.version,
        )


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 6)


def _keep(policy: PerformancePolicy) -> float:
    """Return what a window leaves of what was before it."""
    return 1.0 - 1.0 / policy.memory_windows


def _learnt(usual: Floats, now: Floats, share: float) -> Floats:
    learnt = np.where(usual > 0.0, usual + (now - usual) * share, now)
    return np.where(np.isnan(now), usual, learnt)
