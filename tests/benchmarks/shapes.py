"""Courses that metrics take, and standard faults in them, for `tests.benchmarks.robustness`.

A shape makes the values of many metrics for some moments; what is a metric's own (its phase, its
period) lies in `own`, drawn once. Nothing is copied from any recorded metric.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Draw = np.random.Generator
Shape = Callable[[Draw, Floats, Floats], Floats]
"""Takes moments of shape (rows, 1) in seconds and `own` of shape (`OWN`, metrics)."""
OWN: Final = 4
"""Numbers between 0 and 1 that make a metric what it is; the last one is what it remembers."""
_DAY_S: Final = 86400.0
_TAU: Final = 2.0 * np.pi


def _normal(draw: Draw, at: Floats, own: Floats) -> Floats:
    return 100.0 * own[0] + draw.normal(0.0, 1.0 + 9.0 * own[1], (len(at), own.shape[1]))


def _uniform(draw: Draw, at: Floats, own: Floats) -> Floats:
    return 100.0 * own[0] + draw.uniform(0.0, 1.0 + 9.0 * own[1], (len(at), own.shape[1]))


def _pareto(draw: Draw, at: Floats, own: Floats) -> Floats:
    return 10.0 * (1.0 + draw.pareto(1.5 + 1.5 * own[0], (len(at), own.shape[1])))


def _lognormal(draw: Draw, at: Floats, own: Floats) -> Floats:
    return draw.lognormal(3.0 * own[0], 0.5 + own[1], (len(at), own.shape[1]))


def _counts(draw: Draw, at: Floats, own: Floats) -> Floats:
    return draw.poisson(0.02 + 0.3 * own[0], (len(at), own.shape[1])).astype(np.float64)


def _scale(draw: Draw, at: Floats, own: Floats) -> Floats:
    swing = np.exp(np.sin(_TAU * (at / (_DAY_S * (0.7 + 2.0 * own[0])) + own[1])))
    return 50.0 + draw.normal(0.0, 1.0, (len(at), own.shape[1])) * swing


def _walk(draw: Draw, at: Floats, own: Floats) -> Floats:
    values = draw.normal(0.0, 1.0, (len(at), own.shape[1]))
    back = 1.0 - 1.0 / (20.0 + 200.0 * own[0])
    values *= np.sqrt(1.0 - back * back)
    for row in values:
        own[-1] = back * own[-1] + row
        row[:] = own[-1]
    return 60.0 + 10.0 * values


def _integers(draw: Draw, at: Floats, own: Floats) -> Floats:
    values: Floats = np.rint(40.0 + draw.normal(0.0, 0.3 + 1.2 * own[0], (len(at), own.shape[1])))
    return values


def _rare_steps(draw: Draw, at: Floats, own: Floats) -> Floats:
    slot = np.floor(at / (14400.0 + 28800.0 * own[0]) + own[1])
    values: Floats = 200.0 + 10.0 * np.floor(4.0 * np.modf(slot * 0.6180339887 + own[2])[0])
    return values


def _sawtooth(draw: Draw, at: Floats, own: Floats) -> Floats:
    rise = np.modf(at / (1200.0 + 20000.0 * own[0]) + own[1])[0]
    return 30.0 + 50.0 * rise + draw.normal(0.0, 0.5, (len(at), own.shape[1]))


def _season(draw: Draw, at: Floats, own: Floats) -> Floats:
    day = np.sin(_TAU * (at / _DAY_S + own[0]))
    week_end = np.where(np.modf(at / (7.0 * _DAY_S) + own[1])[0] > 5.0 / 7.0, 0.6, 1.0)
    load = (60.0 + 40.0 * day) * week_end
    return load * (1.0 + draw.normal(0.0, 0.05, (len(at), own.shape[1])))


def _counter(draw: Draw, at: Floats, own: Floats) -> Floats:
    since = np.modf(at / (_DAY_S * (0.5 + 2.0 * own[0])) + own[1])[0]
    return 1e6 * since + draw.uniform(0.0, 300.0, (len(at), own.shape[1]))


SHAPES: Final[dict[str, Shape]] = {
    "normal": _normal,
    "uniform": _uniform,
    "Pareto": _pareto,
    "lognormal": _lognormal,
    "sparse counts": _counts,
    "drifting scale": _scale,
    "wandering": _walk,
    "small integers": _integers,
    "rare steps": _rare_steps,
    "sawtooth": _sawtooth,
    "day and week": _season,
    "counter with resets": _counter,
}

Fault = Callable[[Floats, Floats, Floats], Floats]
"""Takes values of shape (rows, metrics), the middle and the reach of each metric."""


def _ramp(values: Floats) -> Floats:
    return np.arange(1.0, len(values) + 1.0)[:, None] / len(values)


FAULTS: Final[dict[str, tuple[int, Fault]]] = {
    "spike": (5, lambda x, middle, reach: x + 3.0 * reach),
    "step": (60, lambda x, middle, reach: x + 2.0 * reach),
    "creep": (300, lambda x, middle, reach: x + 3.0 * reach * _ramp(x)),
    "flat line": (60, lambda x, middle, reach: np.broadcast_to(x[:1], x.shape)),
    "wider": (60, lambda x, middle, reach: middle + 4.0 * (x - middle)),
}
"""How many records each takes, and what it makes of the values."""
