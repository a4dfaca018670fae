"""How well the detector does on labelled data, what each of its parts is worth, and its cost.

``python -m tests.benchmarks.detection [DATA] [--parts]``: DATA as `tests.benchmarks.labelled`
describes; without it the cost alone. With ``--parts`` each part is removed in turn.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from config.policy import default_policy
from processors.detection.agent import bar_for
from processors.detection.arithmetic import SCALAR
from processors.detection.fold import Promise, Values, see, tell
from processors.detection.memory import OwnAgents, OwnSeries
from processors.detection.single import Single
from processors.detection.stream import Stream
from processors.detection.tuning import TUNING, Tuning
from projections.backtest.detector import backtest_files
from projections.backtest.files import sources
from tests.benchmarks.labelled import (
    Bools,
    Floats,
    Labelled,
    fit,
    servers,
    standard_score,
    univariate,
)

NEVER = 1e18
WIDTHS = (1, 10, 38)
RUNS = 3
"""The quickest is told: what others do on the machine only adds."""
PARTS = {
    "as it ships": TUNING,
    "no memory of the range": TUNING._replace(novelty=NEVER),
    "no season": TUNING._replace(season_from_d=NEVER, day_rate=0.0),
    "range never fades": TUNING._replace(range_d=1e9),
    "no clipped learning": TUNING._replace(clip=NEVER),
    "no smallest spread": TUNING._replace(floor=1e-9),
    "level of a day": TUNING._replace(level_h=24.0),
    "metrics do not add up": TUNING._replace(evidence=NEVER),
}


class Free(Stream):
    """The detector with alarms that cost nothing: the bar alone holds their rate."""

    def __init__(
        self, metrics: int, per_week: float, accept_after_s: float, tuning: Tuning = TUNING
    ) -> None:
        super().__init__(0, per_week, accept_after_s, tuning)
        self._promise = Promise(NEVER, bar_for(SCALAR, per_week))
        self._single = Single(tuning, self._promise)
        self._widen(metrics)


def judged(series: Labelled, tuning: Tuning, kind: type[Stream] = Stream) -> tuple[Floats, Bools]:
    """Return score and alarm of every row, by the code that runs live."""
    policy = default_policy().surveillance.detector
    width = series.values.shape[1]
    weekly, accept = policy.false_alarms_per_agent_week, policy.accept_after_s
    stream = kind(width, weekly, accept, tuning)
    rows = [
        stream.row(at, values)
        for at, values in zip(series.at.tolist(), series.values.tolist(), strict=True)
    ]
    return np.array([row.score for row in rows]), np.array([row.alarm for row in rows])


def quality(data: Path, tuning: Tuning, kind: type[Stream] = Stream) -> str:
    """Return one line of measures."""
    told = []
    if (data / "nab").is_dir():
        found = [(series, judged(series, tuning, kind)[0]) for series in univariate(data / "nab")]
        told.append(f"NAB {standard_score(found):5.2f} (at 0.5: {standard_score(found, 0.5):5.2f})")
    for name in ("smd", "asd"):
        if (data / name).is_dir():
            machines = servers(data / name)
            fits = [fit(machine, *judged(machine, tuning, kind)) for machine in machines]
            rates = " ".join(f"{each.false_per_day:.2f}" for each in fits)
            told.append(
                f"{name.upper()} AP {np.mean([each.precision for each in fits]):.3f}, "
                f"{sum(each.caught for each in fits)}/{sum(each.events for each in fits)} events, "
                f"false alarms a day {rates}"
            )
    return " · ".join(told)


def cost() -> None:
    """Print the processor time of a value: row by row, from file to file, and in vectors."""
    rng = np.random.default_rng(1)
    for metrics in WIDTHS:
        rows = rng.normal(50.0, 5.0, (max(2000, 40_000 // metrics), metrics)).tolist()
        alone = min(row_cost(rows) for _ in range(RUNS))
        whole = min(file_cost(rows) for _ in range(RUNS))
        told = f"{alone * 1e6:6.2f} µs a value, from file to file {whole * 1e6:6.2f}"
        print(f"row by row, {metrics:2} metrics: {told}")
    print(f"vectors of 20,000:       {vector_cost() * 1e6:6.2f} µs a value")


def row_cost(rows: list[list[float]]) -> float:
    """Return processor seconds for a value of `rows`, judged one by one."""
    stream = Stream(len(rows[0]), 7.0, 86400.0)
    began = time.process_time()
    for k, row in enumerate(rows):
        stream.row(300.0 * k, row)
    return (time.process_time() - began) / (len(rows) * len(rows[0]))


def file_cost(rows: list[list[float]]) -> float:
    """Return the same of `homeostat backtest detector`: from one CSV file to another."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "in.csv", Path(folder) / "out"
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["timestamp", *(f"m{k}" for k in range(len(rows[0])))])
            start = datetime(2024, 1, 1, tzinfo=UTC)
            for k, row in enumerate(rows):
                stamp = (start + timedelta(seconds=300 * k)).strftime("%Y-%m-%d %H:%M:%S")
                table.writerow([stamp, *(f"{x:.3f}" for x in row)])
        policy = default_policy().surveillance.detector
        began = time.process_time()
        done = backtest_files(sources([path], out), out, policy, print)
        return (time.process_time() - began) / done.values


def vector_cost(agents: int = 2000, metrics: int = 10, rounds: int = 120) -> float:
    """Return processor seconds for a value, in rounds of all agents, known by then."""
    series, own = OwnSeries(), OwnAgents()
    series.take_block(agents * metrics)
    own.take_block(agents)
    promise = Promise(7.0, bar_for(SCALAR, 7.0))
    record, spent = np.repeat(np.arange(agents), metrics), 0.0
    rng = np.random.default_rng(2)
    for k in range(rounds):
        value, at = rng.normal(50.0, 5.0, agents * metrics), np.full(agents, 30.0 * k)
        v = Values(np.arange(agents * metrics), value, record, np.arange(agents), at)
        began = time.process_time()
        tell(TUNING, own, v, see(TUNING, series, v), promise)
        spent += (time.process_time() - began) if k >= rounds // 2 else 0.0
    return spent / (agents * metrics * (rounds - rounds // 2))


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--parts", action="store_true")
    asked = parser.parse_args()
    cost()
    if asked.data is not None:
        for name, tuning in PARTS.items():
            print(f"{name:24} {quality(asked.data, tuning)}", flush=True)
            if not asked.parts:
                return
        print(f"{'alarms cost nothing':24} {quality(asked.data, TUNING, Free)}")


if __name__ == "__main__":
    main()
