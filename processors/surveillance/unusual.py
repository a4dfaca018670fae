"""What an anomaly says for people: which metric, where it is, and what is unusual about it.

A value may lie within its expected range and yet be news: beyond all that was ever seen, with a
mean that never was as high, or only in the company of others. Then that is what is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from processors.columns import Ints
from processors.detection.explain import ranges
from processors.detection.memory import SeriesMemory
from processors.detection.series import Series
from processors.detection.tuning import TUNING

_PLACES: Final = {name: place - 1 for place, name in enumerate(Series._fields)}
_MEANS: Final = (
    ("short", "the mean of its last 4 values"),
    ("longer", "the mean of its last 16 values"),
    ("left", "the mean of its last 16 values, less what is usual at this hour,"),
)
_SINGLE: Final = 1e-6
_DOUBLE: Final = 1e-12
_MOST_DIGITS: Final = 15
_DIGITS: Final = 6


class Told(NamedTuple):
    """An anomaly in words, and the range that was expected of its first metric."""

    summary: str
    low: float
    high: float


def told(
    c: SeriesMemory,
    rows: Ints,
    values: Sequence[float],
    names: Sequence[str],
    key: str,
    at: float,
    rare: int,
) -> Told:
    """Say why the agent called `key` is anomalous.

    Parameters
    ----------
    c : SeriesMemory
        The memory of metrics, after the record.
    rows, values, names
        Of the metrics that made it an anomaly, strongest first.
    key : str
        Of the agent.
    at : float
        When it was measured, seconds since the epoch.
    rare : int
        Of how many records about one is as unusual.
    """
    lows, highs = ranges(TUNING, c, rows, at)
    usual = [low <= x <= high for low, x, high in zip(lows, values, highs, strict=True)]
    value, low, high = _apart(values[0], float(lows[0]), float(highs[0]))
    where = f", where {low} to {high} is usual"
    if usual[0]:
        news = beyond(c, int(rows[0]), values[0])
        where = f", within the {low} to {high} that is usual, but {news}"
    others = list(zip(names[1:], usual[1:], strict=True))
    out = [name for name, within in others if not within]
    less = [name for name, within in others if within]
    also = f", with {' and '.join(out)}" if out else ""
    also += f", beside {' and '.join(less)}, still within what is usual" if less else ""
    summary = (
        f"{names[0]} of {key} is {value}{where}{also}; about 1 of {rare} records is as unusual"
    )
    return Told(summary, float(lows[0]), float(highs[0]))


def beyond(c: SeriesMemory, row: int, value: float) -> str:
    """Return what is unusual of `value`, which the metric in `row` has just learnt from."""
    known = c.known[row].astype(np.float64)
    off = value - float(c.expected[row])
    low, high = known[_PLACES["low"]], known[_PLACES["high"]]
    if low < high:
        for end, which in ((high, "high"), (low, "low")):
            if abs(off - end) <= _SINGLE * abs(end) + _DOUBLE * abs(value):
                return f"it has hardly ever been as {which}"
    for name, what in _MEANS:
        mean, low, high = (known[_PLACES[f"{name}{end}"]] for end in ("", "_low", "_high"))
        if low < high and mean in (low, high):
            return f"{what} has hardly ever been as {'high' if mean == high else 'low'}"
    return "taken together, the last values of its agent are far out"


def _apart(value: float, low: float, high: float) -> tuple[str, str, str]:
    """Return the three with as many digits as tell them apart."""
    for digits in range(_DIGITS, _MOST_DIGITS):
        told = f"{value:.{digits}g}", f"{low:.{digits}g}", f"{high:.{digits}g}"
        if (value == low or told[0] != told[1]) and (value == high or told[0] != told[2]):
            break
    return told
