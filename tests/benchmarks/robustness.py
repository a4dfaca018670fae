"""Whether the promised rate of false alarms holds, and what is found, whatever the metric is.

``python -m tests.benchmarks.robustness [--seed N] [--cadence SECONDS ...] [--scale SHARE]``:
made-up metrics of a dozen shapes (`tests.benchmarks.shapes`), in agents of 1, 10 and 100 metrics,
from their first record on; nothing happens to them, so each alarm is false. Then each standard
fault befalls a tenth of the metrics of every agent (at least one), from the same state. A flat
line is found by windows (`processors.surveillance.courses`), not by the detector measured here.

It takes minutes of one core. ``--scale 0.1`` makes lives, and the time, a tenth as long.
"""

from __future__ import annotations

import argparse
import copy
from typing import Final, NamedTuple

import numpy as np

from config.policy import default_policy
from processors.columns import Bools
from processors.detection.agent import bar_for
from processors.detection.arithmetic import SCALAR
from processors.detection.fold import Promise, Values, see, tell
from processors.detection.memory import OwnAgents, OwnSeries, accept, rest
from processors.detection.standing import turn
from processors.detection.tuning import TUNING
from tests.benchmarks.shapes import FAULTS, OWN, SHAPES, Draw, Floats

START: Final = 1_704_067_200.0
WIDTHS: Final = {1: 24, 10: 6, 100: 2}
"""Metrics of an agent, and how many such agents each shape has."""
LIVES_D: Final = {1.0: 0.25, 10.0: 1.25, 60.0: 7.0, 300.0: 14.0, 3600.0: 56.0}
"""Seconds between records, and the days that are lived at that pace."""
HOUR_S, DAY_S, WEEK_S = 3600.0, 86400.0, 604800.0
SPANS: Final = {
    "first hour": (0.0, HOUR_S),
    "first day": (0.0, DAY_S),
    "first week": (DAY_S, WEEK_S),
    "later": (WEEK_S, np.inf),
}
CHUNK: Final = 1024
SAMPLED: Final = 16
"""One of so many records tells the reach of a metric."""


class Cell(NamedTuple):
    """Agents of one shape and width."""

    shape: str
    metrics: int
    agents: int


CELLS: Final = [Cell(shape, *width) for shape in SHAPES for width in WIDTHS.items()]


class Metrics:
    """Where the values come from."""

    def __init__(self, seed: int) -> None:
        self._draws: list[Draw] = [np.random.default_rng([seed, i]) for i in range(len(CELLS))]
        pairs = zip(self._draws, CELLS, strict=True)
        self._own = [draw.random((OWN, cell.metrics * cell.agents)) for draw, cell in pairs]
        for own in self._own:
            own[-1] = 0.0

    def next(self, at: Floats) -> Floats:
        """Return the values of all metrics at some moments, one row each."""
        parts = zip(CELLS, self._draws, self._own, strict=True)
        return np.hstack([SHAPES[cell.shape](d, at[:, None], own) for cell, d, own in parts])


class Fleet:
    """All agents, judged as live; `raised` holds when each alarm began, and whose it is."""

    def __init__(self) -> None:
        policy = default_policy().surveillance.detector
        self.per_week = policy.false_alarms_per_agent_week
        self._accept_after_s = policy.accept_after_s
        widths = np.concatenate([np.full(cell.agents, cell.metrics) for cell in CELLS])
        self.cell = np.repeat(np.arange(len(CELLS)), [cell.agents for cell in CELLS])
        self.first = np.r_[0, np.cumsum(widths)]
        self._series, self.agents = OwnSeries(), OwnAgents()
        self._series.take_block(int(self.first[-1]))
        self.agents.take_block(len(widths))
        self._record, self._rows = np.repeat(np.arange(len(widths)), widths), self.first[-1]
        self._promise = Promise(self.per_week, bar_for(SCALAR, self.per_week))
        self.raised: list[tuple[float, int]] = []

    def live(self, at: Floats, values: Floats) -> None:
        """Judge rows of values."""
        for moment, row in zip(at.tolist(), values, strict=True):
            self._judge(moment, row)

    def _judge(self, at: float, row: Floats) -> None:
        everyone = np.arange(len(self.cell))
        moments = np.full(len(everyone), at)
        v = Values(np.arange(self._rows), row, self._record, everyone, moments)
        told = tell(TUNING, self.agents, v, see(TUNING, self._series, v), self._promise)
        since = self.agents.alarm_since[: len(everyone)]
        turns = turn(since, moments, told.alarm, told.lasts, self._accept_after_s)
        for agent in np.flatnonzero(turns.begins).tolist():
            since[agent] = at
            self.raised.append((at, agent))
        for agent in np.flatnonzero(turns.ends).tolist():
            since[agent] = np.inf
            if turns.accepted[agent]:
                rest(self.agents, agent)
                accept(self._series, np.arange(self.first[agent], self.first[agent + 1]), at)


def lived(seed: int, cadence: float, days: float) -> tuple[Fleet, Metrics, Floats]:
    """Return a fleet after a life in which nothing happened, and a sample of what was measured."""
    fleet, metrics, sample = Fleet(), Metrics(seed), []
    records = int(days * DAY_S / cadence)
    for first in range(0, records, CHUNK):
        at = START + cadence * np.arange(first, min(first + CHUNK, records))
        values = metrics.next(at)
        sample.append(values[::SAMPLED].copy())
        fleet.live(at, values)
    return fleet, metrics, np.concatenate(sample)


def false_alarms(fleet: Fleet, days: float) -> list[list[float | None]]:
    """Return alarms of an agent in a week, for each cell and each of `SPANS`."""
    begun = np.array([at - START for at, _ in fleet.raised])
    cell = fleet.cell[[agent for _, agent in fleet.raised]]
    rates: list[list[float | None]] = []
    for number, (_, _, agents) in enumerate(CELLS):
        rates.append([])
        for first, end in SPANS.values():
            span = min(end, days * DAY_S) - first
            count = int(((begun >= first) & (begun < end) & (cell == number)).sum())
            rates[-1].append(count * WEEK_S / span / agents if span >= HOUR_S else None)
    return rates


def found(
    fleet: Fleet, metrics: Metrics, calm: Floats, cadence: float, begin: float
) -> dict[str, list[str]]:
    """Return for each shape which share of each fault was found, and after how many records."""
    low, middle, high = np.quantile(calm, (0.005, 0.5, 0.995), axis=0)
    reach = np.maximum(0.5 * (high - low), 0.005 * np.abs(middle) + 1e-9)
    hit = np.concatenate(
        [np.arange(first, first + max((end - first) // 10, 1)) for first, end in _spans(fleet)]
    )
    told: dict[str, list[str]] = {shape: [] for shape in SHAPES}
    for length, fault in FAULTS.values():
        own, source = copy.deepcopy((fleet, metrics))
        own.raised.clear()
        quiet = ~np.isfinite(own.agents.alarm_since[: len(own.cell)])
        at = begin + cadence * np.arange(length)
        values = source.next(at)
        values[:, hit] = fault(values[:, hit], middle[hit], reach[hit])
        own.live(at, values)
        for shape, told_of in told.items():
            told_of.append(_share(own, shape, quiet, begin, cadence))
    return told


def _spans(fleet: Fleet) -> list[tuple[int, int]]:
    return list(zip(fleet.first[:-1].tolist(), fleet.first[1:].tolist(), strict=True))


def _share(fleet: Fleet, shape: str, quiet: Bools, begin: float, cadence: float) -> str:
    cells = [number for number, cell in enumerate(CELLS) if cell.shape == shape]
    asked = set(np.flatnonzero(quiet & np.isin(fleet.cell, cells)).tolist())
    after = {agent: (at - begin) / cadence for at, agent in reversed(fleet.raised)}
    delays = [after[agent] for agent in sorted(asked & set(after))]
    if not asked:
        return "-"
    share = f"{100 * len(delays) / len(asked):.0f} %"
    return f"{share} ({np.median(delays) + 1:.0f})" if delays else share


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cadence", type=float, nargs="*", default=list(LIVES_D))
    parser.add_argument("--scale", type=float, default=1.0)
    asked = parser.parse_args()
    for cadence in asked.cadence:
        days = LIVES_D.get(cadence, 7.0) * asked.scale
        fleet, metrics, calm = lived(asked.seed, cadence, days)
        rates = false_alarms(fleet, days)
        print(f"\n## One record in {cadence:g} s, {days:g} days, seed {asked.seed}\n")
        print(f"| shape | metrics | {' | '.join(SPANS)} |\n|---|---|{'---|' * len(SPANS)}")
        for (shape, width, _), row in zip(CELLS, rates, strict=True):
            cells = " | ".join("" if rate is None else f"{rate:.1f}" for rate in row)
            print(f"| {shape} | {width} | {cells} |")
        known = [rate for row in rates for rate in row[1:] if rate is not None]
        broken = sum(rate > 2.0 * fleet.per_week for rate in known)
        print(f"\n{broken} of {len(known)} above twice the promise of {fleet.per_week:g} a week.\n")
        print(f"| found (after records) | {' | '.join(FAULTS)} |\n|---|{'---|' * len(FAULTS)}")
        begin = START + cadence * int(days * DAY_S / cadence)
        for shape, told in found(fleet, metrics, calm, cadence, begin).items():
            print(f"| {shape} | {' | '.join(told)} |", flush=True)


if __name__ == "__main__":
    main()
