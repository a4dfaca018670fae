"""Rates of counters that only grow, across their resets.

A series keeps its newest reading and the one before, so that a reading that comes twice, because
its sender was not answered, is answered alike: nothing has to be taken back.

Source: the reset rule is Prometheus' (a counter that fell began at zero anew); start times are
OTLP's, section *Resets and Gaps* of its data model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from streams.producers.series.bounded import Bounded, short

MOST: Final = 100_000
"""Series that are remembered, at 0.8 kB each; those that were silent longest are forgotten first,
and have no rate when they come again."""


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
        Series to remember.
    """

    def __init__(self, most: int = MOST) -> None:
        self._read: Bounded[str, tuple[_Reading | None, _Reading]] = Bounded(most)

    def __len__(self) -> int:
        return len(self._read)

    def grown(
        self,
        series: str,
        at: float,
        parts: Sequence[float],
        start: float = 0.0,
        *,
        restarts: bool = True,
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
        restarts : bool
            Whether a fall means that it began at zero anew. Otherwise it says nothing: what was
            counted was forgotten in part, and by how much it grew meanwhile is not known.

        Examples
        --------
        >>> counters = Counters()
        >>> counters.grown("requests", 10.0, (100.0,))
        >>> counters.grown("requests", 20.0, (150.0,))
        Growth(seconds=10.0, parts=(50.0,))
        >>> counters.grown("requests", 25.0, (20.0,))
        Growth(seconds=5.0, parts=(20.0,))
        """
        series = short(series)
        new = _Reading(at, start, tuple(parts))
        before, last = self._read.get(series) or (None, None)
        if last is not None:
            if at < last.at:
                return None  # older than what was told already
            if at > last.at:
                before = last
        self._read[series] = before, new
        comparable = before is not None and len(before.parts) == len(new.parts)
        if before is None or not comparable or (not restarts and _began_anew(before, new)):
            return None
        return _growth(before, new)


def _growth(before: _Reading, new: _Reading) -> Growth:
    anew = _began_anew(before, new)
    since = new.start if anew and new.start > before.at else before.at
    if anew:
        return Growth(max(new.at - since, 1e-3), new.parts)
    grown = tuple(now - past for now, past in zip(new.parts, before.parts, strict=True))
    return Growth(max(new.at - before.at, 1e-3), grown)


def _began_anew(before: _Reading, new: _Reading) -> bool:
    return (new.start > 0 and new.start != before.start) or new.parts[0] < before.parts[0]
