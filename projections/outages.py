"""What a process says of something that is away, tried again and again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy.exc import DBAPIError

AGAIN_S: Final = 60.0
"""What lasts is told again after so long."""


class Outages:
    """Tells of each outage on one line: when it begins, when it changes, and once a minute.

    Parameters
    ----------
    log : Logger
        Where it is told.
    clock : callable
        Seconds that only grow.
    """

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._told: tuple[str, float] | None = None

    def tell(self, error: Exception, pause_s: float) -> None:
        """Tell of `error`, after which it is tried again every `pause_s` seconds."""
        line, now = in_a_line(error), self._clock()
        if self._told is None or self._told[0] != line or now - self._told[1] >= AGAIN_S:
            self._log.warning("%s; trying again every %g s", line, pause_s)
            self._told = line, now


def in_a_line(error: Exception) -> str:
    r"""Return what went wrong without statement, parameters and hints of the driver.

    Examples
    --------
    >>> in_a_line(ConnectionError("no answer\nis it running?"))
    'no answer'
    """
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return next(iter(str(cause).splitlines()), repr(cause))
