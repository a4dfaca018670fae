"""Rates of counters that only grow, across their resets.

A series keeps its newest reading and the one before, so that a reading that comes twice, because
its sender was not answered, is answered alike: nothing has to be taken back.

Source: the reset rule is Prometheus' (a counter that fell began at zero anew); start times are
OTLP's, section *Resets and Gaps* of its data model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

MOST: Final = 200_000
"""Series that are remembered; those that were silent longest are forgotten first."""


class Growth(NamedTuple):
    """By how much the parts of a series grew, in how many seconds."""

    seconds: float
    parts: tuple[float, ...]


class _Reading(NamedTuple):
    at: float
    start: float
    parts: tuple[float, ...]


class Counters:
    """What was last read of each counter and histogram.

    Parameters
    ----------
    most : int
        Series to remember. Memory is bounded by it: two generations of half as many each, the
        older of which is dropped when the younger is full.
    """

    def __init__(self, most: int = MOST) -> None:
        self._half = max(1, most // 2)
        self._young: dict[str, tuple[_Reading | None, _Reading]] = {}
        self._old: dict[str, tuple[_Reading | None, _Reading]] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def grown(
        self, series: str, at: float, parts: Sequence[float], start: float = 0.0
    ) -> Growth | None:
        """Return the growth since the reading before `at`; None where there is none to compare.

        Parameters
        ----------
        series : str
            Which counter.
        at, start : float
            Seconds since the epoch: when it was read, and since when it has counted (0: unknown).
        parts : sequence of float
            What it holds, the count first; of a histogram the buckets as well.

        Examples
        --------
        >>> counters = Counters()
        >>> counters.grown("requests", 10.0, (100.0,))
        >>> counters.grown("requests", 20.0, (150.0,))
        Growth(seconds=10.0, parts=(50.0,))
        >>> counters.grown("requests", 25.0, (20.0,))
        Growth(seconds=5.0, parts=(20.0,))
        """
        new = _Reading(at, start, tuple(parts))
        before, last = self._young.get(series) or self._old.get(series) or (None, None)
        if last is not None:
            if at < last.at:
                return None  # older than what was told already
            if at > last.at:
                before = last
        self._keep(series, before, new)
        return None if before is None else _growth(before, new)

    def _keep(self, series: str, before: _Reading | None, last: _Reading) -> None:
        if series not in self._young and len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[series] = before, last


def _growth(before: _Reading, new: _Reading) -> Growth:
    anew = _began_anew(before, new)
    since = new.start if anew and new.start > before.at else before.at
    if anew:
        return Growth(max(new.at - since, 1e-3), new.parts)
    grown = tuple(now - past for now, past in zip(new.parts, before.parts, strict=True))
    return Growth(max(new.at - before.at, 1e-3), grown)


def _began_anew(before: _Reading, new: _Reading) -> bool:
    if len(before.parts) != len(new.parts) or (new.start and new.start != before.start):
        return True
    return new.parts[0] < before.parts[0]
