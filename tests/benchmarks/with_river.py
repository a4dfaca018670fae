"""What River's online models would add: ``python -m tests.benchmarks.with_river DATA``.

DATA as `tests.benchmarks.labelled` describes. Each of River's detectors judges the rows before it
learns from them, as ours does; by itself, and as one more opinion: above its own running 99 %
quantile its score adds to ours. What an opinion costs stands beside what it is worth.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from river import anomaly, compose, preprocessing, stats, time_series

from processors.detection.tuning import TUNING
from tests.benchmarks.detection import judged
from tests.benchmarks.labelled import Floats, Labelled, fit, servers, standard_score, univariate

SEED = 1


def half_space_trees() -> Any:
    """Return River's half-space trees behind a scaler that learns as it goes."""
    trees = anomaly.HalfSpaceTrees(n_trees=25, height=8, window_size=250, seed=SEED)
    return compose.Pipeline(preprocessing.MinMaxScaler(), trees)


def one_class_svm() -> Any:
    """Return River's one-class support vector machine, scaled."""
    return compose.Pipeline(preprocessing.StandardScaler(), anomaly.OneClassSVM(nu=0.1))


def holt_winters() -> Any:
    """Return the error of a forecast by Holt and Winters, of one metric."""
    forecast = time_series.HoltWinters(alpha=0.3, beta=0.1)
    return anomaly.PredictiveAnomalyDetection(forecast, horizon=1, n_std=3.0, warmup_period=50)


MULTIVARIATE: dict[str, Callable[[], Any]] = {
    "half-space trees": half_space_trees,
    "one-class SVM": one_class_svm,
}
UNIVARIATE = MULTIVARIATE | {"Holt-Winters": holt_winters}


def opinion(series: Labelled, model: Any) -> tuple[Floats, Floats]:
    """Return a model's score of every row, and how far it exceeds its own 99 % quantile."""
    usual, scores, excess = stats.Quantile(0.99), [], []
    for row in series.values.tolist():
        score = _scored(model, row)
        bound = usual.get() or 0.0
        scores.append(score)
        excess.append(max(0.0, score - bound) / max(1e-9, score))
        usual.update(score)
    return np.array(scores), np.array(excess)


def _scored(model: Any, row: list[float]) -> float:
    if isinstance(model, anomaly.PredictiveAnomalyDetection):
        begun = bool(model.predictive_model.level)  # it cannot forecast from nothing
        score = model.score_one(None, row[0]) if begun else 0.0
        model.learn_one(None, row[0])
        return float(score)
    features = {str(index): value for index, value in enumerate(row) if value == value}
    score = model.score_one(features)
    model.learn_one(features)
    return float(score)


def scaled(scores: Floats) -> Floats:
    """Return scores within 0 and 1, in their order."""
    ranks = np.argsort(np.argsort(scores, kind="stable"), kind="stable")
    return ranks / max(1, len(scores) - 1)


def joined(ours: Floats, excess: Floats) -> Floats:
    """Return our score with another opinion: either may raise it."""
    return 1.0 - (1.0 - ours) * (1.0 - 0.5 * excess)


def main() -> None:
    """Print a line for ours, and two for each of River's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    asked = parser.parse_args()
    nab = list(univariate(asked.data / "nab"))
    ours = [judged(series, TUNING)[0] for series in nab]
    print(f"NAB: ours {standard_score(list(zip(nab, ours, strict=True))):.2f}", flush=True)
    for name, make in UNIVARIATE.items():
        began = time.process_time()
        found = [opinion(series, make()) for series in nab]
        spent = (time.process_time() - began) / sum(len(series.at) for series in nab)
        alone = standard_score([(s, scaled(f[0])) for s, f in zip(nab, found, strict=True)])
        both = standard_score(
            [(s, joined(o, f[1])) for s, o, f in zip(nab, ours, found, strict=True)]
        )
        print(
            f"  {name}: {alone:.2f}; with ours {both:.2f}; {1e6 * spent:.0f} µs a value", flush=True
        )
    for folder in ("smd", "asd"):
        machines = list(servers(asked.data / folder))
        told = [judged(machine, TUNING) for machine in machines]
        fits = [fit(m, *each).precision for m, each in zip(machines, told, strict=True)]
        print(f"{folder.upper()}: ours AP {np.mean(fits):.3f}", flush=True)
        for name, make in MULTIVARIATE.items():
            began = time.process_time()
            found = [opinion(machine, make()) for machine in machines]
            values = sum(machine.values.size for machine in machines)
            spent = (time.process_time() - began) / values
            alone = [
                fit(m, f[0], t[1]).precision for m, f, t in zip(machines, found, told, strict=True)
            ]
            both = [
                fit(m, joined(t[0], f[1]), t[1]).precision
                for m, f, t in zip(machines, found, told, strict=True)
            ]
            print(
                f"  {name}: AP {np.mean(alone):.3f}; with ours {np.mean(both):.3f}; "
                f"{1e6 * spent:.1f} µs a value",
                flush=True,
            )


if __name__ == "__main__":
    main()
