"""How long windows of metrics and ended intervals are kept, in the log's own time."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from projections import store
from projections.models import agent_windows, window_blocks
from projections.rows import Rows
from projections.windows.hours import WAITED_S, add_up


@dataclass(slots=True)
class Retention:
    """Deletes old windows, at most once an hour of the log's time.

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

    def apply(self, connection: Connection, rows: Rows) -> None:
        """Delete what has become too old through the windows of this batch."""
        if not rows.closed:
            return
        newest = max(closed.start for closed in rows.closed)
        if newest >= self._next:
            self._next = newest + 3600.0
            self._purge(connection, newest)

    def settle(self, connection: Connection) -> None:
        """Delete what is too old by now, so that two databases can be compared."""
        newest = newest_window(connection)
        if newest is not None:
            add_up(connection, newest)
            self._purge(connection, newest)

    def _purge(self, connection: Connection, newest: float) -> None:
        # What is to go is in its hour first, also where those wait.
        add_up(connection, newest - self.minutes_days * 86400.0 + WAITED_S)
        store.purge_windows(
            connection, newest, self.minutes_days * 86400.0, self.hours_days * 86400.0
        )
        store.purge_intervals(connection, newest - self.intervals_days * 86400.0)
        store.purge_conversations(connection, newest - self.intervals_days * 86400.0)


def newest_window(connection: Connection) -> float | None:
    """Return the start of the newest window that is kept, seconds since the epoch."""
    starts = (
        connection.scalar(select(func.max(table.c.start)))
        for table in (window_blocks, agent_windows)
    )
    return max((start for start in starts if start is not None), default=None)
