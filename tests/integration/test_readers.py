"""Readers of PostgreSQL: they cannot write, and a connection that died is replaced."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from projections import database
from projections.database import open_database

PID = text("SELECT pg_backend_pid()")


@pytest.fixture
def reader(postgres_url: str) -> Iterator[Engine]:
    engine = open_database(postgres_url, read_only=True)
    yield engine
    engine.dispose()


def ask(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(PID).scalar_one()


def end(postgres_url: str, pid: int) -> None:
    admin = open_database(postgres_url)
    with admin.connect() as connection:
        assert connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid}).scalar()
    admin.dispose()


def test_a_reader_cannot_write(reader: Engine) -> None:
    refused = pytest.raises(DBAPIError, match="read-only")
    with reader.connect() as connection, refused:
        connection.execute(text("CREATE TABLE t (n int)"))


def test_a_connection_that_died_while_it_rested_is_replaced(
    postgres_url: str, reader: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ask(reader)
    assert ask(reader) == first
    end(postgres_url, first)
    monkeypatch.setattr(database, "TRUSTED_S", 0.0)
    assert ask(reader) != first


def test_one_that_was_trusted_fails_once(
    postgres_url: str, reader: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "TRUSTED_S", 60.0)
    first = ask(reader)
    end(postgres_url, first)
    with pytest.raises(OperationalError):
        ask(reader)
    assert ask(reader) != first
