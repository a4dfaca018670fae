"""While the broker is away the client library says so thousands of times: once is enough."""

from __future__ import annotations

import logging
from typing import Final

PERIOD_S: Final = 10.0
_NOISY: Final = ("aiokafka", "faust", "mode")


class Repetition(logging.Filter):
    """Lets the same message of the same place through once per period.

    Parameters
    ----------
    period_s : float
        Seconds between two of the same.
    """

    def __init__(self, period_s: float = PERIOD_S) -> None:
        super().__init__()
        self._period_s = period_s
        self._seen: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether `record` is news."""
        place = (record.pathname, record.lineno)
        if record.created - self._seen.get(place, 0.0) < self._period_s:
            return False
        self._seen[place] = record.created
        return True


def quieten() -> None:
    """Limit the libraries' loggers, and keep their progress reports out."""
    repetition = Repetition()
    for handler in logging.getLogger().handlers:
        handler.addFilter(lambda record: not _noisy(record) or repetition.filter(record))
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _noisy(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in _NOISY
