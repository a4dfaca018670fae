"""A database for windows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.databases import new_database


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Give an SQLite database of empty tables."""
    engine = new_database(tmp_path / "views.db")
    yield engine
    engine.dispose()
