"""Whether two sets of tables hold the same, apart from what a clock or a counter gave."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Final

from sqlalchemy import Connection, Table, select

from projections.models import (
    METADATA,
    agent_hours,
    agent_numbers,
    agent_windows,
    epochs,
    events,
    open_hours,
    positions,
    window_blocks,
)
from projections.replay.compared_windows import windows_of
from projections.rows import Row

IGNORED: Final[dict[Table, frozenset[str]]] = {
    events: frozenset({"seq"}),
    positions: frozenset({"updated_at"}),
}
"""Columns that tell when something was written, not what the log says."""


_ARRANGED: Final = (agent_numbers, agent_windows, open_hours)
"""Where windows lie: not what the log says, as windows expire and earlier versions kept others."""
_DIGITS: Final = 1e-6
"""Means and expected ranges are kept with seven digits; earlier versions kept all of them."""


def folded_tables() -> list[Table]:
    """Return the tables that are made from the log."""
    return [table for table in METADATA.sorted_tables if table is not epochs]


def compared_tables() -> list[Table]:
    """Return the tables whose rows are folds of the log."""
    return [table for table in folded_tables() if table not in _ARRANGED]


def rows_of(connection: Connection, table: Table) -> Iterator[Row]:
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
    """Count keys whose rows are missing or unlike."""
    names = ["id"] if table is events else [column.name for column in table.primary_key]
    if table is window_blocks and not _lie_alike(left, right):
        ours, theirs = windows_of(left), windows_of(right)
        return _unlike(ours, theirs, ["tenant_id", "start", "agent_id"], _close)
    same = _close if table is agent_hours else _equal
    return _unlike(rows_of(left, table), rows_of(right, table), names, same)


def _lie_alike(left: Connection, right: Connection) -> bool:
    """Say whether the windows of both lie at the same places, so that bytes can be compared."""
    counts = [_differing(left, right, table) for table in (agent_windows, agent_numbers)]
    return not any(counts)


def _unlike(
    ours: Iterator[Row], theirs: Iterator[Row], names: list[str], same: Callable[[Any, Any], bool]
) -> int:
    """Merge two ordered tables and count keys whose rows are missing or unlike."""
    one, two = next(ours, None), next(theirs, None)
    count = 0
    while one is not None or two is not None:
        mine = None if one is None else tuple(one[name] for name in names)
        other = None if two is None else tuple(two[name] for name in names)
        count += not same(one, two)
        ahead = mine is None or (other is not None and other < mine)
        behind = other is None or (mine is not None and mine < other)
        if not ahead:
            one = next(ours, None)
        if not behind:
            two = next(theirs, None)
    return count


def _equal(one: Any, two: Any) -> bool:
    return bool(one == two)


def _close(one: Any, two: Any) -> bool:
    """Say whether two values are the same, but for digits that are not kept."""
    if isinstance(one, float) and isinstance(two, float):
        return math.isclose(one, two, rel_tol=_DIGITS)
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(_close(one[key], two[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(two, list | tuple):
        return len(one) == len(two) and all(map(_close, one, two))
    return bool(one == two)
