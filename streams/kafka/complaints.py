"""Logs what happens again and again once a minute for each reason, with a count.

A line for each would let whoever writes to a topic, or a broker that is away, fill the disk with
our own log.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

AGAIN_S: Final = 60.0
"""The same reason is not told more often; what came meanwhile is counted."""


class Complaints:
    """Tells of each reason at once, and then once a minute with how many there were since.

    Parameters
    ----------
    log : Logger
        Where it is told.
    level : int
        As `logging` counts them.
    clock : callable
        Seconds that only grow.
    """

    def __init__(
        self, log: logging.Logger, level: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._level = level
        self._clock = clock
        self._told: dict[str, tuple[float, int]] = {}

    def tell(self, reason: str, text: str) -> None:
        """Tell `text`, unless `reason`, one of a few, was told within a minute: then count it."""
        now = self._clock()
        before, untold = self._told.get(reason, (now - AGAIN_S, 0))
        if now - before < AGAIN_S:
            self._told[reason] = before, untold + 1
            return
        self._told[reason] = now, 0
        more = f" (and {untold} more like it since this was told last)" if untold else ""
        self._log.log(self._level, "%s%s", text, more)
