"""Rows in memory: what a fold reads and changes before a transaction writes it.

A fold never sees the database. It asks for a row by its key, and puts back the whole of it; what
is loaded beforehand and what is written afterwards is the store's business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
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


class Changed(NamedTuple):
    """What is to be written of one table, each in the order of the primary key.

    Parameters
    ----------
    new : list of Row
        Rows of which nothing was loaded: they may be stored or not.
    known : dict of tuple of str to list of Row
        Whole rows that are stored, by the columns that differ from what is stored; those in which
        nothing does are left out.
    """

    new: list[Row]
    known: dict[tuple[str, ...], list[Row]]

    def all(self) -> list[Row]:
        """Return the rows of both."""
        return [*self.new, *(row for rows in self.known.values() for row in rows)]


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
        self._changed: dict[Table, dict[Key, Row | None]] = {}
        """What was stored, by the keys of rows that were put."""
        self.appended: dict[Table, list[Row]] = {}
        self.closed: list[WindowsClosed] = []
        """Windows of many agents each, in the order of the log."""
        self.counted: Counter[tuple[str, str]] = Counter()

    def get(self, table: Table, *key: Any) -> Row | None:
        """Return a copy of the row with that primary key, as changed so far.

        What its columns hold belongs to the row that is stored: give another, never change that.
        """
        rows = self._rows.setdefault(table, {})
        if key not in rows:
            rows[key] = self._load(table, key)
        found = rows[key]
        return None if found is None else dict(found)

    def put(self, table: Table, row: Row) -> None:
        """Set a whole row."""
        key, rows = key_of(table)(row), self._rows.setdefault(table, {})
        self._changed.setdefault(table, {}).setdefault(key, rows.get(key))
        rows[key] = row

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

    def put_into(self, table: Table) -> Iterator[Row]:
        """Give each row of `table` that was put, whether it differs or not."""
        rows = self._rows.get(table, {})
        return (row for key in self._changed.get(table, ()) if (row := rows[key]) is not None)

    def changed(self) -> dict[Table, Changed]:
        """Return what is to be written, by table."""
        return {
            table: _changed(self._rows[table], before) for table, before in self._changed.items()
        }


def _changed(rows: dict[Key, Row | None], before: dict[Key, Row | None]) -> Changed:
    changed = Changed([], {})
    for key in sorted(before):
        row, stored = rows[key], before[key]
        if row is None:
            continue
        if stored is None:
            changed.new.append(row)
        elif names := tuple(name for name in row if _differs(row[name], stored[name])):
            changed.known.setdefault(names, []).append(row)
    return changed


def _differs(value: Any, stored: Any) -> bool:
    """Say whether a column is to be written; a document is, unless it is the very same.

    Two that are equal may be spelt differently: 1, 1.0 and true.
    """
    if value is stored:
        return False
    return type(value) is not type(stored) or isinstance(value, dict | list) or value != stored
