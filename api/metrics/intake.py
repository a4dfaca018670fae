"""What came by the protocols of others: how much, and what was left out."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from api.exposition import Family
from streams.producers.series.reading import Read

_LOG: Final = logging.getLogger("homeostat.api")
AGAIN_S: Final = 60.0
"""The same complaint about the same tenant is not told more often."""
_MOST: Final = 1000
"""Complaints that are remembered."""


class Intake:
    """Counts in this process.

    Parameters
    ----------
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._taken: Counter[str] = Counter()
        self._left_out: Counter[tuple[str, str]] = Counter()
        self._told: dict[tuple[str, str, str], float] = {}

    def note(self, protocol: str, tenant: str, read: Read) -> None:
        """Count what a request said, once it is on the log."""
        self._taken[protocol] += sum(len(beat.metrics) for beat in read.heartbeats)
        for why, count in read.left_out.items():
            self._left_out[protocol, why] += count
            self._complain(protocol, tenant, why, count)

    def families(self) -> list[Family]:
        """Return the counts for Prometheus."""
        left_out = sorted(self._left_out.items())
        return [
            Family("homeostat_intake_values_total", "counter",
                   "Values taken by the protocols of others.", ("protocol",),
                   [((protocol,), float(n)) for protocol, n in sorted(self._taken.items())]),
            Family("homeostat_intake_left_out_total", "counter",
                   "Values that were not taken.", ("protocol", "reason"),
                   [(labels, float(n)) for labels, n in left_out]),
        ]  # fmt: skip

    def _complain(self, protocol: str, tenant: str, why: str, count: int) -> None:
        now = self._clock()
        if now - self._told.get((protocol, tenant, why), -AGAIN_S) < AGAIN_S:
            return
        if len(self._told) >= _MOST:
            self._told.clear()
        self._told[protocol, tenant, why] = now
        _LOG.warning("%s of tenant %s: %d values left out: %s", protocol, tenant, count, why)
