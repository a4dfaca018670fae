"""Labelled public data, and how well alarms fit it.

A folder holds any of ``nab/`` (the Numenta Anomaly Benchmark's ``data`` and
``labels/combined_windows.json``), and ``smd/``, ``asd/`` (servers, one .npz a machine: train, test,
test_label). The measures are NAB's standard profile, and for servers the average precision, the
events caught and the false alarms of a machine-day, without point adjustment.

Sources: Lavin and Ahmad, "Evaluating real-time anomaly detection algorithms" (2015), for the
profile; Su et al., "Robust anomaly detection for multivariate time series" (KDD 2019) and Li et
al., "Multivariate time series anomaly detection and interpretation" (KDD 2021), for the servers.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from projections.backtest.cells import seconds_of

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
STEP_S = {"smd": 60.0, "asd": 300.0}
_MISSED, _FALSE = 1.0, 0.11
_MERGED_S = 600.0


class Labelled(NamedTuple):
    """One series or machine; `spans` are first and last row of what people marked."""

    name: str
    at: Floats
    values: Floats
    spans: list[tuple[int, int]]
    judged_from: int
    step_s: float


def univariate(folder: Path) -> Iterator[Labelled]:
    """Yield the series of NAB below `folder`."""
    windows = json.loads((folder / "labels" / "combined_windows.json").read_text())
    for name in sorted(windows):
        with (folder / "data" / name).open(newline="") as file:
            rows = [(row["timestamp"], float(row["value"])) for row in csv.DictReader(file)]
        at = np.array([seconds_of(stamp) for stamp, _ in rows])
        spans = [
            tuple(int(np.searchsorted(at, seconds_of(edge.split(".")[0]))) for edge in window)
            for window in windows[name]
        ]
        values = np.array([[value] for _, value in rows])
        yield Labelled(name, at, values, spans, min(int(0.15 * len(at)), 750), 300.0)  # type: ignore[arg-type]


def servers(folder: Path) -> Iterator[Labelled]:
    """Yield the machines below `folder`."""
    step = STEP_S[folder.name]
    for path in sorted(folder.glob("*.npz")):
        kept = np.load(path)
        values = np.concatenate([kept["train"], kept["test"]]).astype(np.float64)
        marked = np.r_[np.zeros(len(kept["train"]), bool), kept["test_label"].ravel().astype(bool)]
        at = 1_704_067_200.0 + step * np.arange(len(values))
        yield Labelled(path.stem, at, values, runs(marked), len(kept["train"]), step)


def runs(marked: Bools) -> list[tuple[int, int]]:
    """Return first and last row of each run of True."""
    edges = np.flatnonzero(np.diff(np.r_[0, marked.astype(int), 0]))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def standard_score(found: list[tuple[Labelled, Floats]], threshold: float | None = None) -> float:
    """Return NAB's score of anomaly scores; at the best threshold where none is given."""
    thresholds = [threshold] if threshold is not None else list(np.linspace(0.3, 0.98, 69))
    windows = sum(len(series.spans) for series, _ in found)
    best = max(sum(_worth(s, scores >= t) for s, scores in found) for t in thresholds)
    return 100.0 * (best + windows * _MISSED) / (2.0 * windows)


def _worth(series: Labelled, alarm: Bools) -> float:
    total, after = 0.0, 0
    rows = np.flatnonzero(alarm)
    rows = rows[rows >= series.judged_from]
    last: tuple[int, int] | None = None
    for first, end in [*series.spans, (len(alarm), len(alarm))]:
        between = rows[(rows >= after) & (rows < first)]
        total += sum(_false(int(row), last) for row in between)
        inside = rows[(rows >= first) & (rows <= end)]
        if first < len(alarm):
            total += _caught(int(inside[0]), first, end) if len(inside) else -_MISSED
        last, after = (first, end), end + 1
    return total


def _sigmoid(y: float) -> float:
    return 2.0 / (1.0 + float(np.exp(5.0 * y))) - 1.0


def _caught(row: int, first: int, end: int) -> float:
    return _sigmoid(-(end - row + 1) / (end - first + 1)) / _sigmoid(-1.0)


def _false(row: int, last: tuple[int, int] | None) -> float:
    y = 4.0 if last is None else (row - last[1]) / max(last[1] - last[0], 1)
    return _FALSE * (-1.0 if y > 3.0 else _sigmoid(y))


class Caught(NamedTuple):
    """How alarms fit one machine."""

    precision: float
    caught: int
    events: int
    false_per_day: float


def fit(machine: Labelled, scores: Floats, alarm: Bools) -> Caught:
    """Return how scores and alarms fit what people marked on `machine`."""
    marked = np.zeros(len(alarm), bool)
    for first, end in machine.spans:
        marked[first : end + 1] = True
    begin = machine.judged_from
    marked, scores, alarm = marked[begin:], scores[begin:], alarm[begin:]
    events, gap = runs(marked), int(_MERGED_S / machine.step_s)
    merged: list[list[int]] = []
    for first, end in runs(alarm):
        if merged and first - merged[-1][1] - 1 <= gap:
            merged[-1][1] = end
        else:
            merged.append([first, end])
    false = sum(not marked[a : b + 1].any() for a, b in merged)
    caught = sum(bool(alarm[a : b + 1].any()) for a, b in events)
    days = len(alarm) * machine.step_s / 86400.0
    return Caught(average_precision(marked, scores), caught, len(events), false / days)


def average_precision(marked: Bools, scores: Floats) -> float:
    """Return the area below precision over recall; equal scores count together."""
    order = np.argsort(-scores, kind="stable")
    hits, sorted_scores = np.cumsum(marked[order]), scores[order]
    ends = np.r_[np.flatnonzero(np.diff(sorted_scores)), len(scores) - 1]
    recall = np.r_[0.0, hits[ends] / max(int(marked.sum()), 1)]
    return float(np.sum(np.diff(recall) * hits[ends] / (ends + 1)))
