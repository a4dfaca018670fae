"""A second set of tables beside the live one: a file with SQLite, a schema with PostgreSQL."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, MetaData, Table, text

from projections.database import open_database
from projections.models import METADATA

SCHEMA: Final = "rebuild"
_LOCK: Final = 0x52656275


class RebuildUnderWayError(RuntimeError):
    """Another rebuild of the same database has not ended yet."""


@contextmanager
def beside(live: Engine) -> Iterator[Engine]:
    """Give an engine on empty tables beside those of `live`; they vanish at the end.

    Raises
    ------
    RebuildUnderWayError
        Where somebody else does the same.
    """
    if live.dialect.name == "sqlite":
        with _file(Path(live.url.database or "")) as engine:
            yield engine
    else:
        with _schema(live) as engine:
            yield engine


def join(connection: Connection, other: Engine) -> None:
    """Make the tables of `other` readable on `connection` under the name `SCHEMA`.

    On SQLite the other file stays attached to the connection until that is closed.
    """
    if connection.dialect.name == "sqlite":
        connection.execute(text(f"ATTACH :path AS {SCHEMA}"), {"path": other.url.database})


def other(table: Table) -> Table:
    """Return `table` as `join` shows it."""
    return table.to_metadata(MetaData(), schema=SCHEMA)


@contextmanager
def _file(live: Path) -> Iterator[Engine]:
    path = live.with_name(f"{live.name}.rebuild")
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RebuildUnderWayError(f"{path} is being written by another rebuild") from error
        _remove(path)
        engine = open_database(f"sqlite:///{path}")
        try:
            METADATA.create_all(engine)
            yield engine
        finally:
            engine.dispose()
            _remove(path)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)


@contextmanager
def _schema(live: Engine) -> Iterator[Engine]:
    engine = live.execution_options(schema_translate_map={None: SCHEMA})
    with live.connect() as holder:
        taken = holder.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}).scalar()
        if not taken:
            raise RebuildUnderWayError(f"schema {SCHEMA} is being written by another rebuild")
        holder.commit()
        _run(live, f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE", f"CREATE SCHEMA {SCHEMA}")
        try:
            METADATA.create_all(engine)
            yield engine
        finally:
            _run(live, f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            holder.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})


def _run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
