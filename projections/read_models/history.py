"""Closes an interval and opens the next where a fact changed what is shown.

A fact holds from its own time on. Facts of one thing come in the order of one partition, but from
several writers, whose clocks differ: one that is older than what was folded before it holds from
when that held, so that intervals never overlap and what was said of the past is not taken back.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Table

from projections.models.history import HISTORIES, OPEN
from projections.rows import Key, Row, Rows, Seen

_OWN: Final = frozenset({"valid_from", "valid_to", "updated_at"})
_KEPT: Final = {
    table: tuple(column.name for column in history.c if column.name not in _OWN)
    for table, history in HISTORIES.items()
}


def opened(touched: tuple[Table, Key]) -> list[tuple[Table, Key]]:
    """Return the row of the open interval of a thing, for loading."""
    table, key = touched
    return [(HISTORIES[table], (*key, OPEN))]


def remember(rows: Rows, seen: Seen, touched: tuple[Table, Key]) -> None:
    """Enter what `seen` made of the thing that it touched, if that is anything else than before."""
    table, key = touched
    now = rows.get(table, *key)
    if now is None:
        return
    kept = {name: now[name] for name in _KEPT[table]}
    before = rows.get(HISTORIES[table], *key, OPEN)
    rows_of_now = _following(kept, seen.at, before)
    for row in rows_of_now:
        rows.put(HISTORIES[table], row)


def _following(kept: Row, at: float, before: Row | None) -> list[Row]:
    """Return the rows to write: the open one, after the one that it ends."""
    if before is None:
        return [kept | {"valid_from": at, "valid_to": OPEN, "updated_at": at}]
    at = max(at, before["updated_at"])
    if all(before[name] == value for name, value in kept.items()):
        return [before | {"updated_at": at}]
    if at == before["valid_from"]:
        return [before | kept]
    return [
        before | {"valid_to": at},
        kept | {"valid_from": at, "valid_to": OPEN, "updated_at": at},
    ]
