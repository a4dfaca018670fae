"""Histograms and summaries whose parts come as series of their own, perhaps in several requests.

A moment of a group is complete when it has every part that the moment before had; only then is it
compared, because half of a histogram has quantiles that nothing ever had.
"""

from __future__ import annotations

import math

from streams.producers.series.counters import Counters
from streams.producers.series.quantiles import quantile


class Group:
    """The parts of one histogram: buckets by their upper bounds, ``_sum`` and ``_count``.

    Parameters
    ----------
    key : str
        Under which `counters` remembers it.
    names : (str, str, str)
        What its rate, its mean and its 95th percentile are called.
    """

    __slots__ = ("_at", "_counters", "_key", "_known", "_names", "_parts")

    def __init__(self, counters: Counters, key: str, names: tuple[str, ...]) -> None:
        self._counters = counters
        self._key = key
        self._names = names
        self._at = 0.0
        self._parts: dict[str | float, float] = {}
        self._known: frozenset[str | float] = frozenset()

    def take(self, part: str | float, value: float, at: float) -> list[tuple[str, float]]:
        """Take one part as it was at `at`; return what the group tells once that is complete."""
        if at < self._at or not math.isfinite(value):
            return []
        if at > self._at:
            if self._parts:
                self._read()
                self._known = frozenset(self._parts)
            self._at, self._parts = at, {}
        self._parts[part] = value
        complete = self._known and self._parts.keys() >= self._known
        return self._read() if complete else []

    def _read(self) -> list[tuple[str, float]]:
        bounds = sorted(part for part in self._parts if isinstance(part, float))
        count = self._parts.get("_count", self._parts.get(math.inf, 0.0))
        below = [self._parts[bound] for bound in bounds]
        parts = (count, self._parts.get("_sum", math.nan), *below)
        growth = self._counters.grown(self._key, self._at, parts)
        if growth is None:
            return []
        rate, mean, p95 = self._names
        told = [(rate, growth.parts[0] / growth.seconds)]
        if growth.parts[0] > 0 and not math.isnan(growth.parts[1]):
            told.append((mean, growth.parts[1] / growth.parts[0]))
        highest = _p95(bounds, growth.parts[2:])
        return told if highest is None else [*told, (p95, highest)]


def _p95(bounds: list[float], below: tuple[float, ...]) -> float | None:
    if not bounds or not math.isinf(bounds[-1]):
        return None
    pairs = zip(below, (0.0, *below), strict=False)
    counts = [max(0.0, upper - lower) for upper, lower in pairs]
    return quantile(0.95, bounds[:-1], counts)
