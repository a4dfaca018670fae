"""Pages by keyset: a cursor holds the sort key of the last row, so pages never shift."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    bindparam,
    null,
    select,
    tuple_,
)
from sqlalchemy.engine import RowMapping

from projections.queries.statement import Statement

R = TypeVar("R")
MAX_LIMIT: Final = 1000
_TOO_LARGE: Final = 1 << 63
"""No column holds such an integer, so no cursor of ours does."""


class CursorError(ValueError):
    """A cursor was not made by these queries."""


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """One page of a list.

    Parameters
    ----------
    items : list
        The rows.
    next_cursor : str or None
        Hand it in for the next page; None where there is none.
    """

    items: list[R]
    next_cursor: str | None


def encode_cursor(key: Sequence[Any]) -> str:
    """Return an opaque cursor for a sort key.

    Examples
    --------
    >>> decode_cursor(encode_cursor([1.5, "a"]), 2)
    [1.5, 'a']
    """
    return base64.urlsafe_b64encode(msgspec.json.encode(list(key))).decode("ascii").rstrip("=")


def decode_cursor(cursor: str, length: int) -> list[Any]:
    """Return the sort key in a cursor, or raise `CursorError`."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        key = msgspec.json.decode(raw, type=list[str | float | int | None])
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise CursorError(f"cursor is {cursor[:40]!r}; hand in one from an earlier page") from error
    if any(isinstance(part, int) and abs(part) >= _TOO_LARGE for part in key):
        raise CursorError(f"cursor is {cursor[:40]!r}; hand in one from an earlier page")
    if len(key) != length:
        raise CursorError(f"cursor is {cursor[:40]!r}; it belongs to another list")
    return key


def bounded(limit: int) -> int:
    """Return `limit` within 1 to `MAX_LIMIT`."""
    return max(1, min(limit, MAX_LIMIT))


class Pages(Generic[R]):
    """A list whose statements are made once: making them takes longer than most answers.

    Parameters
    ----------
    query : Select
        With a bound parameter for every value that is asked for.
    order : sequence of columns
        A unique key of columns that `query` selects; NULL must not occur in it.
    make : callable
        Returns an item for the values of a row.
    """

    def __init__(
        self,
        query: Select[Any],
        order: Sequence[ColumnElement[Any]],
        make: Callable[..., R],
        *,
        descending: bool = False,
    ) -> None:
        names = [column.name for column in query.selected_columns]
        self._places = [names.index(str(column.key)) for column in order]
        self._bound = [f"after_{column.key}" for column in order]
        self._kinds = [str if c.type.python_type is str else int | float for c in order]
        self._make = make
        ordered = query.order_by(*(c.desc() if descending else c.asc() for c in order))
        first = ordered.limit(bindparam("page_limit", type_=Integer))
        key = tuple_(*order)
        last = tuple_(
            *(bindparam(n, type_=c.type) for n, c in zip(self._bound, order, strict=True))
        )
        after = first.where(key < last if descending else key > last)
        self._first, self._after = Statement(first, make), Statement(after, make)

    def page(
        self, connection: Connection, values: Mapping[str, Any], limit: int, cursor: str | None
    ) -> Page[R]:
        """Return the rows after `cursor`.

        Parameters
        ----------
        values : mapping of str
            What is bound in the query.
        """
        limit = bounded(limit)
        bound = {**values, "page_limit": limit + 1}
        if cursor is not None:
            bound |= zip(self._bound, self._key(cursor), strict=True)
        statement = self._first if cursor is None else self._after
        rows = statement.rows(connection, bound)
        following = None
        if len(rows) > limit:
            following = encode_cursor([rows[limit - 1][place] for place in self._places])
        return Page([self._make(*row) for row in rows[:limit]], following)

    def _key(self, cursor: str) -> list[Any]:
        key = decode_cursor(cursor, len(self._kinds))
        if all(map(isinstance, key, self._kinds)):
            return key
        raise CursorError(f"cursor is {cursor[:40]!r}; it belongs to another list")


def page(
    connection: Connection,
    query: Select[Any],
    order: Sequence[ColumnElement[Any]],
    make: Callable[[RowMapping], R],
    limit: int,
    cursor: str | None,
    *,
    descending: bool = False,
) -> Page[R]:
    """Return the rows of `query` in `order` after `cursor`.

    Parameters
    ----------
    order : sequence of columns
        A unique key of columns that `query` selects; NULL must not occur in it.
    """
    limit = bounded(limit)
    if cursor is not None:
        key, last = tuple_(*order), tuple_(*decode_cursor(cursor, len(order)))
        query = query.where(key < last if descending else key > last)
    query = query.order_by(*(c.desc() if descending else c.asc() for c in order))
    rows = connection.execute(query.limit(limit + 1)).mappings().all()
    following = None
    if len(rows) > limit:
        following = encode_cursor([rows[limit - 1][column] for column in order])
    return Page([make(row) for row in rows[:limit]], following)


def plain(row: RowMapping, *without: str) -> dict[str, Any]:
    """Return a row as keyword arguments of its dataclass."""
    return {name: value for name, value in row.items() if name not in without}


def asked_for(**wanted: Any) -> dict[str, Any]:
    """Return what is not None."""
    return {name: value for name, value in wanted.items() if value is not None}


def narrowed(query: Select[Any], table: Table, names: Collection[str]) -> Select[Any]:
    """Return `query` with those columns of `table` bound to parameters of the same names."""
    for name in names:
        query = query.where(table.c[name] == bindparam(name))
    return query


def filled(query: Select[Any], table: Table, whether: Collection[tuple[str, bool]]) -> Select[Any]:
    """Return `query` of the rows in which those columns of text are, or are not, filled in."""
    for name, is_filled in whether:
        query = query.where(table.c[name] != "" if is_filled else table.c[name] == "")
    return query


def unindexed(column: ColumnElement[str]) -> ColumnElement[str]:
    """Return a column's value in a form that a planner finds in no index.

    SQLite takes any condition for rare, such as that on the tenant; this makes it look for what is.
    """
    return column.concat("")


def selected(table: Table, row: type[msgspec.Struct]) -> Select[Any]:
    """Return a query of the columns that `row` has, in its order."""
    return select(*(_column(table, name) for name in row.__struct_fields__))


def _column(table: Table, name: str) -> Column[Any] | ColumnElement[Any]:
    """Return a column, or NULL by its name where the table has none."""
    return table.c[name] if name in table.c else null().label(name)


def columns_of(table: Table, *without: str) -> list[ColumnElement[Any]]:
    """Return the columns of `table` but those named."""
    return [column for column in table.c if column.name not in without]
