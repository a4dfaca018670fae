"""A question compiled once, and asked of the driver itself.

The toolkit looks a statement up by its structure, begins a transaction and wraps every row each
time; that takes longer than the database needs for most questions. What the driver is given, and
what becomes of what it returns, is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import JSON, Connection, Dialect, LargeBinary, Select
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

R = TypeVar("R")
T = TypeVar("T")
Convert = Callable[[Any], Any]


class Statement(Generic[R]):
    """A query whose values are all bound parameters.

    Parameters
    ----------
    query : Select
        One with a list of values of any length is left to the toolkit, as its text depends on them.
    make : callable
        Returns an item for the values of a row.
    """

    __slots__ = ("_make", "_query", "_ready")

    def __init__(self, query: Select[Any], make: Callable[..., R]) -> None:
        self._query = query
        self._make = make
        self._ready: dict[str, _Ready | None] = {}

    def all(self, connection: Connection, values: Mapping[str, Any]) -> list[R]:
        """Return an item for each row."""
        make = self._make
        return [make(*row) for row in self.rows(connection, values)]

    def first(self, connection: Connection, values: Mapping[str, Any]) -> R | None:
        """Return the first row's item, or None where there is none."""
        rows = self.rows(connection, values)
        return self._make(*rows[0]) if rows else None

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """Return all rows' values.

        What fails is asked again by the toolkit: it says what failed in its own terms, and lets go
        of a connection that is broken.
        """
        if (ready := self._for(connection.dialect)) is not None:
            try:
                return ready.rows(connection, values)
            except connection.dialect.loaded_dbapi.Error:
                pass
        return connection.execute(self._query, values).all()

    def taken(
        self, connection: Connection, values: Mapping[str, Any], take: Callable[..., T]
    ) -> list[T]:
        """Return what `take` takes from the values of each row, which is held no longer than that.

        Where rows are large, getting memory for all of them takes longer than reading them.
        """
        if (ready := self._for(connection.dialect)) is not None:
            try:
                return [take(*row) for row in ready.each(connection, values)]
            except connection.dialect.loaded_dbapi.Error:
                pass
        return [take(*row) for row in connection.execute(self._query, values)]

    def _for(self, dialect: Dialect) -> _Ready | None:
        if dialect.name not in self._ready:
            self._ready[dialect.name] = _prepared(self._query, dialect)
        return self._ready[dialect.name]


class _Ready:
    """A statement as one kind of database takes it."""

    __slots__ = ("_bound", "_found", "_given", "_options", "_places", "_text", "_types")

    def __init__(self, query: Select[Any], compiled: SQLCompiler, dialect: Dialect) -> None:
        self._text = str(compiled)
        self._given = dict(compiled.params)
        self._places = compiled.positiontup if compiled.positional else None
        self._bound = [
            (name, convert)
            for bound, name in compiled.bind_names.items()
            if (convert := _own(bound.type, dialect).bind_processor(dialect))
        ]
        self._types = [_own(column.type, dialect) for column in query.selected_columns]
        # As text, bytes would come as twice as many, to be put together again one by one.
        binary = any(isinstance(kind, LargeBinary) for kind in self._types)
        self._options = {"binary": True} if binary and dialect.name == "postgresql" else {}
        self._found: list[tuple[int, Convert]] | None = None

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        cursor, found = self._executed(connection, values)
        rows: list[Sequence[Any]] = cursor.fetchall()
        return [_converted(row, found) for row in rows] if found else rows

    def each(self, connection: Connection, values: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
        cursor, found = self._executed(connection, values)
        return (_converted(row, found) for row in cursor)

    def _executed(
        self, connection: Connection, values: Mapping[str, Any]
    ) -> tuple[Any, list[tuple[int, Convert]]]:
        cursor = connection.connection.cursor(**self._options)
        cursor.execute(self._text, self._parameters(values))
        if self._found is None:  # only an answer tells of which types its columns are
            self._found = self._converters(connection.dialect, cursor.description)
        return cursor, self._found

    def _parameters(self, values: Mapping[str, Any]) -> Any:
        given = {**self._given, **values}
        for name, convert in self._bound:
            given[name] = convert(given[name])
        return given if self._places is None else [given[name] for name in self._places]

    def _converters(self, dialect: Dialect, described: Sequence[Any]) -> list[tuple[int, Convert]]:
        found = enumerate(zip(self._types, described, strict=True))
        return [
            (place, convert)
            for place, (kind, column) in found
            if (convert := _converter(kind, dialect, column[1]))
        ]


def _converted(row: Sequence[Any], converters: list[tuple[int, Convert]]) -> list[Any]:
    found = list(row)
    for place, convert in converters:
        found[place] = convert(found[place])
    return found


def _converter(kind: TypeEngine[Any], dialect: Dialect, code: Any) -> Convert | None:
    """Return what makes a column's value; a driver that has documents reads them itself."""
    if isinstance(kind, JSON) and dialect.name == "sqlite":
        return msgspec.json.decode
    return kind.result_processor(dialect, code)


def _prepared(query: Select[Any], dialect: Dialect) -> _Ready | None:
    compiled = query.compile(dialect=dialect)
    if compiled.post_compile_params or compiled.literal_execute_params:
        return None
    return _Ready(query, compiled, dialect)


def _own(kind: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return kind.dialect_impl(dialect)
