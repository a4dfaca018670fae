"""Other ways to pool what metrics say into the score of a server, by their average precision.

``python -m tests.benchmarks.pooling DATA``: what each metric says is taken once, by the code that
runs live, on the machines of SMD and ASD (`tests.benchmarks.labelled`); then it is pooled in one
way after another. Nothing is tuned: each way stands for an idea, and its number is what comes out.

Sources: Oja, "Simplified neuron model as a principal component analyzer" (1982), for the common
factor; Mahalanobis, "On the generalised distance in statistics" (1936), and Ledoit and Wolf, "A
well-conditioned estimator for large-dimensional covariance matrices" (2004), for the last lines.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from processors.detection.tuning import LN2, TUNING
from tests.benchmarks.labelled import Floats, Labelled, average_precision, servers
from tests.benchmarks.together import Together

SHORT: Final = 0.2
LATELY_H: Final = 6.0
WEEK_H: Final = 168.0
_MEMORY: Final = 0.9965402628278678
_CLIP: Final = 5.0
_ANEW: Final = 100
"""Records after which a matrix is decomposed anew."""


class Said(NamedTuple):
    """What all metrics of a machine said, row by row; 0 where one was not known yet.

    Parameters
    ----------
    machine : Labelled
        What is judged.
    z, relative, novelty : array, shape (rows, metrics)
        See `processors.detection.series.Observed`.
    metrics : array, shape (rows,)
        How many were known; at least 1.
    """

    machine: Labelled
    z: Floats
    relative: Floats
    novelty: Floats
    metrics: Floats


Pool = Callable[[Said], Floats]


def faded(values: Floats, share: float) -> Floats:
    """Return the running mean of `values`, of one series or of many."""
    kept, mean = np.empty_like(values), np.zeros(values.shape[1:])
    for k, value in enumerate(values):
        mean = mean + max(1.0 / (k + 1), share) * (value - mean)
        kept[k] = mean
    return kept


def _hours(said: Said, hours: float) -> float:
    return LN2 * said.machine.step_s / 3600.0 / hours


def scores(said: Said, strength: Floats, lately_h: float, short: float, now: float) -> Floats:
    """Return the score of each row, as `processors.detection.agent` makes it."""
    brief, lately = faded(strength, short), faded(strength, _hours(said, lately_h))
    pooled = now * brief + (1.0 - now) * lately
    joint = pooled / (pooled + TUNING.evidence / said.metrics)
    newest = said.novelty.max(axis=1)
    fresh, own, memory = newest / (newest + TUNING.novelty), np.zeros(len(newest)), 0.0
    for k, each in enumerate(fresh.tolist()):
        memory *= _MEMORY
        own[k] = each if each > memory else 0.5 * each
        memory = each if each > max(memory, 0.5) else memory
    return np.maximum(own, joint)


def _power(p: float) -> Pool:
    return lambda s: ((np.abs(s.z) ** p).sum(axis=1) / s.metrics) ** (1.0 / p)


def _square(said: Said, z: Floats) -> Floats:
    return np.sqrt((z * z).sum(axis=1) / said.metrics)


def _at_most(most: float) -> Pool:
    return lambda s: _square(s, np.clip(s.z, -most, most))


def _beyond_two(s: Said) -> Floats:
    return _square(s, np.maximum(np.abs(s.z) - 2.0, 0.0))


def _newest_counts(s: Said) -> Floats:
    newest = s.novelty.max(axis=1)
    more = 4.0 * newest / (newest + TUNING.novelty)
    return np.sqrt((s.z * s.z).sum(axis=1) / s.metrics + more * more / s.metrics)


def _own_week(s: Said) -> Floats:
    rms = _square(s, s.z)
    return rms / (faded(rms, _hours(s, WEEK_H)) + 0.3)


def _by_metric(share: float | None, hours: float, part: float) -> Pool:
    """Return a pool that takes a part of the evidence from the running mean of each metric."""

    def pool(s: Said) -> Floats:
        means = faded(s.z, share or _hours(s, hours))
        return np.sqrt((1.0 - part) * _square(s, s.z) ** 2 + part * _square(s, means) ** 2)

    return pool


def _factor(share: float) -> Pool:
    """Return a pool of what a common factor of all metrics leaves over."""

    def pool(s: Said) -> Floats:
        left, rate = np.empty_like(s.z), _hours(s, WEEK_H)
        common = np.ones(s.z.shape[1]) / np.sqrt(s.z.shape[1])
        for k, z in enumerate(s.z):
            left[k] = z - share * (common @ z) * common
            near = np.clip(z, -_CLIP, _CLIP)
            here = common @ near
            common = common + 0.2 * max(1.0 / (k + 10), rate) * here * (near - here * common)
            common /= np.sqrt(common @ common)
        return _square(s, left)

    return pool


def _whitened(shrunk: float) -> Pool:
    """Return the Mahalanobis distance, with correlations shrunk towards none."""

    def pool(s: Said) -> Floats:
        width, rate = s.z.shape[1], _hours(s, WEEK_H)
        seen, white, found = np.eye(width), np.eye(width), np.empty_like(s.z)
        for k, z in enumerate(s.z):
            found[k] = white @ z
            near = np.clip(z, -_CLIP, _CLIP)
            seen += max(1.0 / (k + 200), rate) * (np.outer(near, near) - seen)
            if k % _ANEW == 0:
                spread = np.sqrt(np.diag(seen)) + 1e-9
                kin = (1.0 - shrunk) * seen / np.outer(spread, spread) + shrunk * np.eye(width)
                size, along = np.linalg.eigh(kin)
                white = (along / np.sqrt(np.maximum(size, 0.05))) @ along.T
        return _square(s, found)

    return pool


RMS: Final = _power(2.0)
WAYS: Final[dict[str, tuple[Pool, float, float, float]]] = {
    "root mean square, five records and six hours: as it ships": (RMS, LATELY_H, SHORT, 0.5),
    "only the last record, and six hours": (RMS, LATELY_H, 1.0, 0.5),
    "ten records": (RMS, LATELY_H, 0.1, 0.5),
    "three hours": (RMS, 3.0, SHORT, 0.5),
    "twelve hours": (RMS, 12.0, SHORT, 0.5),
    "a day": (RMS, 24.0, SHORT, 0.5),
    "the five records count for 0.3": (RMS, LATELY_H, SHORT, 0.3),
    "the five records count for 0.7": (RMS, LATELY_H, SHORT, 0.7),
    "the mean deviation": (_power(1.0), LATELY_H, SHORT, 0.5),
    "the power mean of order 3": (_power(3.0), LATELY_H, SHORT, 0.5),
    "the power mean of order 4": (_power(4.0), LATELY_H, SHORT, 0.5),
    "relative to what each metric often shows": (
        lambda s: np.minimum(s.relative, 50.0).sum(axis=1) / s.metrics, LATELY_H, SHORT, 0.5,
    ),
    "its logarithm, so that no single record carries the hours": (
        lambda s: np.log(1.0 + RMS(s)), LATELY_H, SHORT, 0.5,
    ),
    "compared with the agent's own week": (_own_week, LATELY_H, SHORT, 0.5),
    "the most novel metric counts as four spreads more": (_newest_counts, LATELY_H, SHORT, 0.5),
    "no metric says more than 20 spreads": (_at_most(20.0), LATELY_H, SHORT, 0.5),
    "no metric says more than 5 spreads": (_at_most(5.0), LATELY_H, SHORT, 0.5),
    "two spreads of every metric are nothing": (_beyond_two, LATELY_H, SHORT, 0.5),
    "each metric over five records": (_by_metric(0.2, 0.0, 1.0), LATELY_H, SHORT, 0.5),
    "each metric over an hour, for half": (_by_metric(None, 1.0, 0.5), LATELY_H, SHORT, 0.5),
    "each metric over six hours, for half": (_by_metric(None, 6.0, 0.5), LATELY_H, SHORT, 0.5),
    "without what all metrics have in common": (_factor(1.0), LATELY_H, SHORT, 0.5),
    "without half of it": (_factor(0.5), LATELY_H, SHORT, 0.5),
    "distance by correlations, shrunk by a half": (_whitened(0.5), LATELY_H, SHORT, 0.5),
    "distance by correlations, shrunk by 0.8": (_whitened(0.8), LATELY_H, SHORT, 0.5),
}  # fmt: skip


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    machines = [machine for name in ("smd", "asd") for machine in servers(data / name)]
    first_asd = len(list((data / "smd").glob("*.npz")))
    heard = Together(machines, listen=True)
    heard.judged()
    said = [
        Said(machine, *each, np.maximum(known.sum(axis=1), 1.0))
        for machine, (*each, known) in zip(machines, heard.said, strict=True)
    ]
    print("| | SMD AP | by machine | ASD AP | by machine |\n|---|---|---|---|---|")
    for name, (pool, *memory) in WAYS.items():
        found = []
        for each in said:
            marked = np.zeros(len(each.metrics), bool)
            for first, end in each.machine.spans:
                marked[first : end + 1] = True
            begin = each.machine.judged_from
            scored = scores(each, pool(each), *memory)
            found.append(average_precision(marked[begin:], scored[begin:]))
        cells = [found[:first_asd], found[first_asd:]]
        shown = [f"{np.mean(c):.3f} | {' '.join(f'{x:.2f}' for x in c)}" for c in cells]
        print(f"| {name} | {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    main()
