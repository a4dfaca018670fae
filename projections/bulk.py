"""Writes many rows of a table by one statement, in the way that its database is quickest at.

SQLite takes the rows one by one from a statement that is prepared once. A trip to PostgreSQL takes
longer than a row, so it is given all of them as one document.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any, Final, cast

import msgspec
from sqlalchemy import (
    JSON,
    Connection,
    Dialect,
    LargeBinary,
    String,
    Table,
    Update,
    bindparam,
    column,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from projections.rows import Row

_CHUNK: Final = 2_000
"""Rows in one document."""
_KEY: Final = "key of "
"""Before the name of a parameter by which a row is found."""


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[Row], *, then: str = "replace"
) -> None:
    """Insert rows that have the same columns.

    Parameters
    ----------
    then : str
        What becomes of a row whose primary key is known: ``replace`` all of it, ``add`` its
        numbers to the stored ones, or ``keep`` what is stored (by any unique key).
    """
    if not rows:
        return
    names = tuple(rows[0])
    if connection.dialect.name == "postgresql":
        statement = _of_document(table, names, then)
        waiting = iter(rows)
        while chunk := list(islice(waiting, _CHUNK)):
            connection.execute(statement, {"rows": chunk})
    else:
        text, order, documents = _of_values(table, names, then, connection.dialect)
        connection.exec_driver_sql(text, _values(rows, order, documents))


def update_rows(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]
) -> None:
    """Write the columns `names` of rows that are stored; SQLite only.

    It takes each index anew in which a column lies that is written, also where it stays the same:
    so to write whole rows takes several times as long, where a table has many indexes.
    """
    text, order, documents = _of_changes(table, tuple(names), connection.dialect)
    connection.exec_driver_sql(text, _values(rows, order, documents))


def run_many(
    connection: Connection, statement: Update, rows: Sequence[Row], *, documents: Sequence[str]
) -> None:
    """Run a statement for each of `rows`, which bind its parameters; SQLite only.

    Parameters
    ----------
    documents : sequence of str
        The parameters that are JSON: each is spelt once, however often it stands there.
    """
    encode = msgspec.json.encode
    for name in documents:
        for row in rows:
            row[name] = encode(row[name]).decode()
    text, order, constants = _positional(statement, connection.dialect)
    pick = itemgetter(*order)
    connection.exec_driver_sql(text, [pick(constants | row) for row in rows])


@lru_cache(maxsize=16)
def _positional(statement: Update, dialect: Dialect) -> tuple[str, tuple[str, ...], Row]:
    compiled = statement.compile(dialect=dialect)
    return str(compiled), tuple(compiled.positiontup or ()), dict(compiled.params)


@lru_cache(maxsize=256)
def _of_document(table: Table, names: tuple[str, ...], then: str) -> Any:
    given = func.json_to_recordset(bindparam("rows", type_=JSON))
    columns = (column(name, _kind(table, name)) for name in names)
    known = given.table_valued(*columns, name="given").render_derived(with_types=True)
    values = (
        func.decode(known.c[name], "base64") if _is_binary(table, name) else known.c[name]
        for name in names
    )
    statement = postgresql.insert(table).from_select(names, select(*values))
    return _resolved(statement, table, names, then)


def _kind(table: Table, name: str) -> Any:
    kind = table.c[name].type
    return postgresql.TEXT() if isinstance(kind, String | LargeBinary) else kind


def _is_binary(table: Table, name: str) -> bool:
    return isinstance(table.c[name].type, LargeBinary)


@lru_cache(maxsize=256)
def _of_values(
    table: Table, names: tuple[str, ...], then: str, dialect: Dialect
) -> tuple[str, tuple[str, ...], tuple[int, ...]]:
    """Return a statement, the names of its parameters, and the places of documents in them."""
    return _compiled(_resolved(sqlite.insert(table), table, names, then), table, names, dialect)


@lru_cache(maxsize=256)
def _of_changes(
    table: Table, names: tuple[str, ...], dialect: Dialect
) -> tuple[str, tuple[str, ...], tuple[int, ...]]:
    same = (key == bindparam(_KEY + key.name, type_=key.type) for key in table.primary_key)
    return _compiled(table.update().where(*same), table, names, dialect)


def _compiled(
    statement: Any, table: Table, names: Sequence[str], dialect: Dialect
) -> tuple[str, tuple[str, ...], tuple[int, ...]]:
    compiled = cast(SQLCompiler, statement.compile(dialect=dialect, column_keys=list(names)))
    order = tuple(name.removeprefix(_KEY) for name in compiled.positiontup or ())
    documents = (n for n, name in enumerate(order) if isinstance(table.c[name].type, JSON))
    return str(compiled), order, tuple(documents)


def _values(
    rows: Sequence[Row], order: Sequence[str], documents: Sequence[int]
) -> list[tuple[Any, ...]]:
    pick, encode = itemgetter(*order), msgspec.json.encode
    if not documents:
        return list(map(pick, rows))
    found = []
    for row in rows:
        values = list(pick(row))
        for place in documents:
            values[place] = encode(values[place]).decode()
        found.append(tuple(values))
    return found


def _resolved(statement: Any, table: Table, names: Sequence[str], then: str) -> Any:
    if then == "keep":
        return statement.on_conflict_do_nothing()
    keys = [key.name for key in table.primary_key]
    new = statement.excluded
    values = {name: new[name] for name in names if name not in keys}
    if then == "add":
        values = {name: table.c[name] + new[name] for name in values}
    return statement.on_conflict_do_update(index_elements=keys, set_=values)
