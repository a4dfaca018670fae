"""How far a long fold is: share, rate and time left, at most once a second."""

from __future__ import annotations

import time
from collections.abc import Callable

Report = Callable[[str], None]


class Progress:
    """Counts records against a known total.

    Parameters
    ----------
    what : str
        What is being done, for a person: ``folding``.
    total : int
        How many records there are.
    report : callable
        Takes one line.
    clock : callable
        Seconds, never going back.
    done : int
        How many were done before; they do not count for the rate.
    """

    def __init__(
        self,
        what: str,
        total: int,
        report: Report,
        clock: Callable[[], float] = time.monotonic,
        *,
        done: int = 0,
    ) -> None:
        self._what = what
        self._total = total
        self._report = report
        self._clock = clock
        self._begun = self._told = clock()
        self._before = self.done = done

    def add(self, records: int) -> None:
        """Count records; say so where a second has passed since the last line."""
        self.done += records
        if self._clock() - self._told >= 1.0:
            self._told = self._clock()
            self._report(self.line())

    def finish(self) -> None:
        """Say how it ended."""
        self._report(self.line())

    def line(self) -> str:
        """Return share, rate and time left, for a person."""
        elapsed = self._clock() - self._begun
        rate = (self.done - self._before) / elapsed if elapsed > 0 else 0.0
        share = 100.0 * self.done / self._total if self._total else 100.0
        left = (self._total - self.done) / rate if rate else 0.0
        return (
            f"{self._what}: {self.done:,} of {self._total:,} records ({share:.0f} %), "
            f"{rate:,.0f}/s, {max(0.0, left):.0f} s left"
        )
