"""A database of a cluster that was made without a language."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from projections.database import open_database
from projections.migrations.__init__ import prepare


@pytest.mark.parametrize("read_only", [False, True])
def test_a_database_without_an_encoding_gives_text(postgres_url: str, read_only: bool) -> None:
    admin = open_database(postgres_url).execution_options(isolation_level="AUTOCOMMIT")
    plain = admin.url.set(database=f"{admin.url.database}_plain")
    with admin.connect() as connection:
        connection.execute(
            text(
                f"CREATE DATABASE {plain.database} ENCODING 'SQL_ASCII' "
                "LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
            )
        )
    admin.dispose()
    url = plain.render_as_string(hide_password=False)
    made = open_database(url)
    prepare(made)
    made.dispose()
    engine = open_database(url, read_only=read_only)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 'Übermaß' || CAST(1 AS text)")) == "Übermaß1"
    engine.dispose()
