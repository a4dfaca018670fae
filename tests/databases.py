"""Databases with all their tables, made once in a process and copied.

The schema's whole history takes longer than most tests of what is kept in it; the tests of that
history itself, and those that start from nothing, bring it about on their own.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import Engine

from projections.database import open_database
from projections.migrations import prepare


def new_database(path: Path) -> Engine:
    """Return an SQLite database of empty tables, made at `path`."""
    path.write_bytes(_empty())
    return open_database(f"sqlite:///{path}")


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        engine = open_database(f"sqlite:///{path}")
        prepare(engine)
        engine.dispose()
        assert [each.name for each in path.parent.iterdir()] == [path.name]
        return path.read_bytes()
