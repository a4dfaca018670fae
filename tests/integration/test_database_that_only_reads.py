"""A database that refuses to write is waited for: one may stand by, a file be protected."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from projections.database import open_database
from projections.projector import _waited_for


def test_a_database_that_only_reads_is_waited_for(database: Engine) -> None:
    engine = open_database(database.url.render_as_string(hide_password=False), read_only=True)
    with pytest.raises(DatabaseError) as refused, engine.connect() as connection:
        connection.execute(text("DELETE FROM agents"))
    assert _waited_for(refused.value) is refused.value
    engine.dispose()
