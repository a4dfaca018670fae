"""A damaged SQLite file is waited for, and told of with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import DatabaseError

from projections.database import is_damaged, open_database
from projections.migrations import prepare
from projections.projector import _waited_for


def _failure(path: Path) -> DatabaseError:
    engine = open_database(f"sqlite:///{path}")
    with pytest.raises(DatabaseError) as caught:
        prepare(engine)
    engine.dispose()
    return caught.value


def test_damage_is_told_of_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "homeostat.db"
    whole = open_database(f"sqlite:///{path}")
    prepare(whole)
    whole.dispose()
    content = path.read_bytes()
    for left in (content[: len(content) // 20], b"no database at all " * 1000):
        path.write_bytes(left)
        failure = _failure(path)
        assert is_damaged(failure)
        assert "; stop, remove it and the two files beside it" in str(_waited_for(failure))


def test_what_is_no_damage_ends_the_projector() -> None:
    failure = DatabaseError("SELECT 1", None, Exception("some defect of ours"))
    with pytest.raises(DatabaseError):
        _waited_for(failure)
