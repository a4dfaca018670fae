"""Keeps SQLite's write-ahead log short while others read all the time.

After each commit SQLite itself copies what the log holds into the database, but begins the log
again only where nobody reads at that moment. With readers that overlap, such as a few open pages
of a large fleet, that moment never comes: the file grows without bound, and each reading takes
longer. So a log that has grown long is begun again on purpose: whoever reads is waited for, a short
while, and whoever comes meanwhile reads the database itself, so that nobody has to wait.

References
----------
SQLite documentation, "Write-Ahead Logging", section "Avoiding Excessively Large WAL Files".
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

LONG: Final = 64 << 20
"""Bytes above which the log is begun again, and what is kept of its file."""
PATIENCE_MS: Final = 200
"""How long readers are waited for."""
PAUSE_S: Final = 5.0
"""Until that is tried again, where a reader took longer."""


class WriteAhead:
    """The write-ahead log of one database.

    Parameters
    ----------
    database : str
        The path of its file.
    long : int
        Bytes above which the log is begun again.
    """

    def __init__(self, database: str, long: int = LONG) -> None:
        self._file = Path(f"{database}-wal")
        self._long = long
        self._not_before = 0.0

    def limit(self, connection: Any) -> None:
        """Let SQLite give back what the file has more than that, once it begins anew."""
        connection.execute(f"PRAGMA journal_size_limit = {self._long}")

    def keep_short(self, connection: Any, busy_timeout_ms: int) -> None:
        """Begin the log again where it is long; outside of a transaction.

        Parameters
        ----------
        connection : sqlite3.Connection
            May write.
        busy_timeout_ms : int
            What it waits for others otherwise.
        """
        now = time.monotonic()
        if now < self._not_before or self._size() <= self._long:
            return
        connection.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
        try:
            (busy, *_) = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        finally:
            connection.execute(f"PRAGMA busy_timeout = {busy_timeout_ms}")
        # Begun again or not: the file itself becomes shorter with the next transaction.
        self._not_before = now + PAUSE_S if busy else 0.0

    def _size(self) -> int:
        try:
            return self._file.stat().st_size
        except OSError:
            return 0
