"""Whether two sets of tables hold the same, apart from what a clock or a counter gave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Table, select

from projections.models import METADATA, epochs, events, positions

IGNORED: Final[dict[Table, frozenset[str]]] = {
    events: frozenset({"seq"}),
    positions: frozenset({"updated_at"}),
}
"""Columns that tell when something was written, not what the log says."""


def compared_tables() -> list[Table]:
    """Return the tables that are folds of the log."""
    return [table for table in METADATA.sorted_tables if table is not epochs]


def rows_of(connection: Connection, table: Table) -> Iterator[dict[str, Any]]:
    """Give the rows of a table in the order of a key, without what is ignored."""
    ignored = IGNORED.get(table, frozenset())
    columns = [column for column in table.c if column.name not in ignored]
    key = [table.c.id] if table is events else list(table.primary_key)
    query = select(*columns).order_by(*key).execution_options(yield_per=1000)
    for row in connection.execute(query).mappings():
        yield dict(row)


def differences(left: Connection, right: Connection) -> dict[str, int]:
    """Return how many rows differ, by table; a table that is equal is not in it."""
    found = {}
    for table in compared_tables():
        count = _differing(left, right, table)
        if count:
            found[table.name] = count
    return found


def _differing(left: Connection, right: Connection, table: Table) -> int:
    """Merge two ordered tables and count keys whose rows are missing or unlike."""
    names = ["id"] if table is events else [column.name for column in table.primary_key]
    ours, theirs = rows_of(left, table), rows_of(right, table)
    one, two = next(ours, None), next(theirs, None)
    count = 0
    while one is not None or two is not None:
        mine = None if one is None else tuple(one[name] for name in names)
        other = None if two is None else tuple(two[name] for name in names)
        count += one != two
        ahead = mine is None or (other is not None and other < mine)
        behind = other is None or (mine is not None and mine < other)
        if not ahead:
            one = next(ours, None)
        if not behind:
            two = next(theirs, None)
    return count
