"""SQLite's write-ahead log stays short, also where somebody reads at every moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from projections import write_ahead
from projections.database import open_database, writing

LONG = 1 << 20
MIB = bytes(1 << 20)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(write_ahead.WriteAhead.__init__, "__defaults__", (LONG,))
    return tmp_path / "views.db"


@contextmanager
def read_without_a_gap(path: Path) -> Iterator[list[int]]:
    """Let two readers take turns so that one of them reads at every moment; give what they saw."""
    engine = open_database(f"sqlite:///{path}", read_only=True)
    ended, turns, seen = threading.Event(), [threading.Event(), threading.Event()], [0, 0]

    def read(number: int) -> None:
        while not ended.is_set():
            with engine.connect() as connection, connection.begin():
                seen[number] = connection.execute(text("SELECT max(n) FROM pieces")).scalar_one()
                turns[number].set()
                turns[1 - number].wait(5.0)  # the other has begun: only now may this one end
                turns[1 - number].clear()

    readers = [threading.Thread(target=read, args=(number,)) for number in (0, 1)]
    for reader in readers:
        reader.start()
    try:
        yield seen
    finally:
        ended.set()
        for turn in turns:
            turn.set()
        for reader in readers:
            reader.join()
        engine.dispose()


def put(engine: Engine, number: int) -> None:
    with writing(engine) as connection:
        connection.execute(
            text("INSERT INTO pieces VALUES (:n, :piece)"), {"n": number, "piece": MIB}
        )


def test_the_log_stays_short_while_others_read_all_the_time(path: Path) -> None:
    engine = open_database(f"sqlite:///{path}")
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE pieces (n INTEGER PRIMARY KEY, piece BLOB)"))
    put(engine, 0)
    sizes = []
    with read_without_a_gap(path) as seen:
        for number in range(1, 41):
            put(engine, number)
            sizes.append(Path(f"{path}-wal").stat().st_size)
    engine.dispose()
    assert max(sizes) < 8 * LONG, sizes
    assert min(seen) > 0, "readers saw what was written meanwhile"
