"""Drops what client libraries repeat in the log while a broker is away: once is enough."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

_LIBRARIES: Final = frozenset({"aiokafka", "faust", "mode"})
_MOST_TEMPLATES: Final = 1000
_NO_DESCRIPTOR: Final = "socket.accept() out of system resource"
"""With no descriptor left, the loop says so for each connection that its queue has room for."""
_TAKEN_OUT_TWICE: Final = "Exception in callback MessageAccumulator._pop_batch."
"""A batch that nobody acknowledged in time is taken off aiokafka's list by two of its own hands;
the second finds nothing, and whoever waits for the batch is told of the timeout all the same."""


class Repetitions(logging.Filter):
    """Lets each message of the libraries pass once in a while, and all others always.

    Parameters
    ----------
    every_s : float
        How long the same message, whatever its arguments, stays away after it was shown.
    clock : callable
        Seconds that only grow.
    """

    def __init__(self, every_s: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._every_s = every_s
        self._clock = clock
        self._shown: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record is shown."""
        if record.name == "asyncio" and str(record.msg).startswith(_TAKEN_OUT_TWICE):
            return False
        refusing = record.name == "asyncio" and str(record.msg).startswith(_NO_DESCRIPTOR)
        if record.name.partition(".")[0] not in _LIBRARIES and not refusing:
            return True
        template = (record.name, str(record.msg))
        now = self._clock()
        last = self._shown.get(template)
        if last is not None and now - last < self._every_s:
            return False
        if len(self._shown) >= _MOST_TEMPLATES:
            self._shown.clear()
        self._shown[template] = now
        return True


def calm_client_logs() -> None:
    """Filter the repetitions in every handler of the root logger; call it after logging is set.

    The libraries' reports of progress are left out, unless a logger was told its level before.
    """
    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:
        if not any(isinstance(found, Repetitions) for found in handler.filters):
            handler.addFilter(Repetitions())
