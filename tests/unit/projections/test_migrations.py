from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from projections import migrations
from projections.database import open_database, writing
from projections.models import METADATA
from projections.models.agents_text import TABLE


def test_the_scripts_lead_to_the_models(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'views.db'}")
    migrations.prepare(engine)
    migrations.prepare(engine)
    options = {"include_name": lambda name, _kind, _parents: not str(name).startswith(TABLE)}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_the_head_is_the_last_script() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD


def test_sqlite_waits_and_keeps_a_write_ahead_log(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'views.db'}")
    with engine.connect() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        }
    engine.dispose()
    assert found == {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 30_000}


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'views.db'}"
    engine = open_database(url)
    migrations.prepare(engine)
    reader = open_database(url, read_only=True)
    with pytest.raises(Exception, match="readonly"), writing(reader) as connection:
        connection.execute(text("DELETE FROM agents"))
    reader.dispose()
    engine.dispose()


def test_another_database_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match="use sqlite:///PATH or postgresql"):
        open_database("mysql://localhost/x")
