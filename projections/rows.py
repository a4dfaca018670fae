"""Rows in memory: what a fold reads and changes before a transaction writes it.

A fold never sees the database. It asks for a row by its key, and puts back the whole of it; what
is loaded beforehand and what is written afterwards is the store's business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Table

from streams.contracts.envelope import Event
from streams.contracts.events.agent import WindowsClosed
from streams.contracts.record import Record

Row = dict[str, Any]
Key = tuple[Any, ...]


@lru_cache
def key_of(table: Table) -> Callable[[Row], Key]:
    """Return what takes the primary key from a row of `table`."""
    names = [column.name for column in table.primary_key]
    if len(names) == 1:
        (name,) = names
        return lambda row: (row[name],)
    return itemgetter(*names)


class Seen(NamedTuple):
    """One fact as a fold sees it.

    Parameters
    ----------
    event : Event
        At the current version of its type.
    data : msgspec.Struct
        Its data, typed.
    at : float
        The event's time, seconds since the epoch.
    record : Record
        Where it lies in the log.
    """

    event: Event
    data: msgspec.Struct
    at: float
    record: Record

    @property
    def agent(self) -> tuple[str, str]:
        """The subject as (tenant, agent)."""
        tenant, _, agent = self.event.subject.partition("/")
        return tenant, agent


class Rows:
    """The rows of one batch.

    Parameters
    ----------
    load : callable
        Returns the stored row of a table and key, or None; asked once a key at most.
    """

    def __init__(self, load: Callable[[Table, Key], Row | None]) -> None:
        self._load = load
        self._rows: dict[Table, dict[Key, Row | None]] = {}
        self._changed: dict[Table, set[Key]] = {}
        self.appended: dict[Table, list[Row]] = {}
        self.closed: list[WindowsClosed] = []
        """Windows of many agents each, in the order of the log."""
        self.counted: Counter[tuple[str, str]] = Counter()

    def get(self, table: Table, *key: Any) -> Row | None:
        """Return a copy of the row with that primary key, as changed so far."""
        rows = self._rows.setdefault(table, {})
        if key not in rows:
            rows[key] = self._load(table, key)
        found = rows[key]
        return None if found is None else dict(found)

    def put(self, table: Table, row: Row) -> None:
        """Set a whole row."""
        key = key_of(table)(row)
        self._rows.setdefault(table, {})[key] = row
        self._changed.setdefault(table, set()).add(key)

    def append(self, table: Table, row: Row) -> None:
        """Add a row to a table that only grows."""
        self.appended.setdefault(table, []).append(row)

    def count(self, name: str, label: str, by: int = 1) -> None:
        """Count something by a stable name."""
        self.counted[name, label] += by

    def preload(self, table: Table, found: dict[Key, Row], asked: set[Key]) -> None:
        """Take rows that were loaded in one go; what was `asked` for and not found is None."""
        rows = self._rows.setdefault(table, {})
        for key in asked:
            rows.setdefault(key, found.get(key))

    def changed(self) -> dict[Table, list[Row]]:
        """Return the rows to write, by table."""
        return {
            table: [row for key in sorted(keys) if (row := self._rows[table][key]) is not None]
            for table, keys in self._changed.items()
        }
