"""How long windows of metrics and ended intervals are kept, in the log's own time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Column, Connection, func, select

from projections import store
from projections.models import (
    agent_hours,
    agent_windows,
    conversations,
    open_hours,
    window_blocks,
)
from projections.models.history import HISTORIES
from projections.windows.hours import add_up

_EACH_S: Final = 60.0
_DAY_S: Final = 86_400.0
Expired = tuple[Column[Any], float]
"""The moment of each row, and the moment before which rows are deleted."""


@dataclass(slots=True)
class Retention:
    """Deletes what is old, a few rows a transaction: an hour of a large fleet takes seconds.

    Parameters
    ----------
    minutes_days, hours_days : float
        How long windows and hours are kept, counted from the newest window.
    intervals_days : float
        How long what agents, findings and actions were is kept after it ended, and conversations
        after their last message.
    """

    minutes_days: float = 7.0
    hours_days: float = 400.0
    intervals_days: float = 400.0
    _next: float = field(default=0.0, init=False)
    _left: list[Expired] = field(default_factory=list, init=False)

    def apply(self, connection: Connection, newest: float, most: int) -> None:
        """Delete up to `most` rows of what is too old at the start of the `newest` window.

        What is to be deleted is looked for once a minute of the log's time.
        """
        if newest >= self._next:
            self._next = newest + _EACH_S
            self._left = list(self._expired(connection, newest))
        while self._left and most > 0:
            deleted = store.purge(connection, *self._left[-1], most)
            if deleted < most:
                self._left.pop()
            most -= deleted

    def settle(self, connection: Connection) -> None:
        """Delete what is too old by now, so that two databases can be compared."""
        newest = newest_window(connection)
        if newest is not None:
            add_up(connection, newest)
            for by, before in self._expired(connection, newest):
                store.purge(connection, by, before, None)

    def _expired(self, connection: Connection, newest: float) -> Iterator[Expired]:
        # Minutes go when they are in their hour, wherever those wait.
        waiting = connection.scalar(select(func.min(open_hours.c.start)))
        minutes = newest - self.minutes_days * _DAY_S
        for table in (window_blocks, agent_windows):
            yield table.c.start, minutes if waiting is None else min(minutes, waiting)
        yield agent_hours.c.start, newest - self.hours_days * _DAY_S
        ended = newest - self.intervals_days * _DAY_S
        yield from ((history.c.valid_to, ended) for history in HISTORIES.values())
        yield conversations.c.last_at, ended


def newest_window(connection: Connection) -> float | None:
    """Return the start of the newest window that is kept, seconds since the epoch."""
    starts = (
        connection.scalar(select(func.max(table.c.start)))
        for table in (window_blocks, agent_windows)
    )
    return max((start for start in starts if start is not None), default=None)
