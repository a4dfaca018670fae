"""The database: SQLite beside the process, or PostgreSQL by URL.

References
----------
SQLite documentation, "Write-Ahead Logging" and "PRAGMA synchronous": with WAL, NORMAL keeps the
file consistent through a power cut; the last transactions may be lost, and are read from the log
again, because the position is lost with them.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError

from projections.write_ahead import WriteAhead

READERS: Final = 8
"""Connections of PostgreSQL that are kept for reading: as many as there are threads to read."""
TRUSTED_S: Final = 1.0
"""A connection that was used so lately is not asked whether it still lives."""
BUSY_TIMEOUT_MS: Final = 30_000
"""How long a writer of SQLite waits for another: longer than the switch of a rebuild takes."""

_STEPS: Final[ContextVar[int]] = ContextVar("steps", default=0)


_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_READ_ONLY: Final = "25006"
REFILL: Final = "stop, remove it and the two files beside it, start: the log fills it again"


def is_damaged(error: DBAPIError) -> bool:
    """Say whether what a statement failed for is a file of SQLite's that is not whole."""
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF in _DAMAGED  # the lowest byte is the kind, the others say more


def only_reads(error: DBAPIError) -> bool:
    """Say whether PostgreSQL refused to write, as one does that stands by or is being moved."""
    return getattr(error.orig, "sqlstate", "") == _READ_ONLY


class Interrupted(Exception):
    """What was asked took more steps than it was given."""


def _as_text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


_JSON: Final[dict[str, Any]] = {
    "json_serializer": _as_text,
    "json_deserializer": msgspec.json.decode,
}
"""Several times as fast as the standard library's; and text stays as it is written, not escaped, so
that it can be searched."""


def open_database(url: str, *, read_only: bool = False) -> Engine:
    """Return an engine for `url`; nothing is connected yet.

    Parameters
    ----------
    url : str
        ``sqlite:///PATH`` or ``postgresql://…``; the driver is ours to choose.
    read_only : bool
        Refuse writes (the API's connections).

    Raises
    ------
    ValueError
        Where the URL names a database that is not supported.
    """
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return _postgresql(parsed.set(drivername="postgresql+psycopg"), read_only=read_only)
    if backend != "sqlite":
        raise ValueError(f"database URL {url!r}: use sqlite:///PATH or postgresql://HOST/NAME")
    engine = create_engine(parsed, **_JSON)
    _prepare_sqlite(engine, read_only=read_only)
    if read_only:
        _make_interruptible(engine)
    else:
        _keep_log_short(engine)
    return engine


_LETTERS: Final = {"client_encoding": "utf8"}
"""A cluster made in a plain environment has SQL_ASCII, of which the driver gives bytes."""


def _postgresql(url: URL, *, read_only: bool) -> Engine:
    if not read_only:
        return create_engine(url, pool_pre_ping=True, pool_size=4, connect_args=_LETTERS, **_JSON)
    engine = create_engine(
        url,
        # Each statement sees one state of things, as it would within a transaction of the default
        # isolation; but nothing has to be begun and ended, which would take two trips more.
        isolation_level="AUTOCOMMIT",
        pool_size=READERS,
        connect_args=_LETTERS | {"options": "-c default_transaction_read_only=on"},
        **_JSON,
    )

    @event.listens_for(engine, "checkin")
    def _used(_connection: Any, record: Any) -> None:
        record.info["used"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _alive(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("used", 0.0) > TRUSTED_S:
            try:
                connection.execute("")
            except connection.Error as error:
                raise DisconnectionError(str(error)) from error

    return engine


def _prepare_sqlite(engine: Engine, *, read_only: bool) -> None:
    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        # The driver would begin late and in the wrong mode; see `writing`.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        # A writer that runs out of it spills pages into the log that it writes again.
        cursor.execute(f"PRAGMA cache_size = -{8_000 if read_only else 64_000}")
        cursor.execute(f"PRAGMA query_only = {int(read_only)}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _keep_log_short(engine: Engine) -> None:
    write_ahead = WriteAhead(engine.url.database or "")

    @event.listens_for(engine, "connect")
    def _begin(connection: Any, _record: Any) -> None:
        write_ahead.limit(connection)

    @event.listens_for(engine, "checkin")
    def _end(connection: Any, _record: Any) -> None:
        if connection is not None:
            write_ahead.keep_short(connection, BUSY_TIMEOUT_MS)


def _make_interruptible(engine: Engine) -> None:
    @event.listens_for(engine, "checkout")
    def _begin(connection: Any, _record: Any, _proxy: Any) -> None:
        if steps := _STEPS.get():
            connection.set_progress_handler(lambda: 1, steps)

    @event.listens_for(engine, "checkin")
    def _end(connection: Any, _record: Any) -> None:
        if connection is not None:
            connection.set_progress_handler(None, 0)


@contextmanager
def within(steps: int) -> Iterator[None]:
    """Interrupt each statement of SQLite that takes more than about so many of its steps.

    A step is an instruction of its virtual machine and takes some 20 ns, where nothing is read from
    a disk. Holds for connections of a read-only engine that are taken from its pool meanwhile.

    Raises
    ------
    Interrupted
        Where one took more.
    """
    token = _STEPS.set(steps)
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
            raise Interrupted from error
        raise
    finally:
        _STEPS.reset(token)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a transaction that may write, committed at the end or rolled back.

    On SQLite the write lock is taken at once: a transaction that reads first and then writes
    would fail where another wrote in between, instead of waiting.
    """
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection
