"""What takes too many steps is interrupted, and its connection is as good as before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from projections.database import Interrupted, open_database, within

COUNT = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000) SELECT max(i) FROM n
"""


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'views.db'}", read_only=True)
    yield engine
    engine.dispose()


def ask(engine: Engine, statement: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(statement)).scalar()


def test_much_is_interrupted_and_little_is_not(reader: Engine) -> None:
    with within(10_000):
        assert ask(reader, "SELECT 7") == 7
    with pytest.raises(Interrupted), within(10_000):
        ask(reader, COUNT)
    with within(1_000_000):
        assert ask(reader, COUNT) == 5000


def test_nothing_is_interrupted_afterwards(reader: Engine) -> None:
    with pytest.raises(Interrupted), within(10_000):
        ask(reader, COUNT)
    assert ask(reader, COUNT) == 5000


def test_another_failure_stays_what_it_is(reader: Engine) -> None:
    with pytest.raises(OperationalError, match="no such table"), within(10_000):
        ask(reader, "SELECT * FROM missing")
