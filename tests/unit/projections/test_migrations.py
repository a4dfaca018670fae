from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, select, text

from projections import migrations
from projections.database import open_database, writing
from projections.models import METADATA, agent_hours, agent_windows
from projections.models.agents_text import TABLE
from projections.queries.metrics import MetricQuery, metric_history
from projections.replay.compared_windows import windows_of
from projections.windows.blocks import write_windows
from projections.windows.hours import add_up
from projections.windows.numbers import Numbers
from streams.contracts.events.agent import WindowsClosed
from tests.databases import new_database


def test_the_scripts_lead_to_the_models(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'views.db'}")
    migrations.prepare(engine)
    migrations.prepare(engine)
    options = {"include_name": lambda name, _kind, _parents: not str(name).startswith(TABLE)}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_views_of_a_later_release_are_left_alone(tmp_path: Path) -> None:
    engine = new_database(tmp_path / "views.db")
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(migrations.SchemaAhead, match=r"revision 9999 .* none after [0-9]{4}; run"):
        migrations.prepare(engine)
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


def test_an_upgrade_packs_the_windows_of_an_agent_bit_by_bit(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'views.db'}")
    _step(engine, command.upgrade, "0013")
    window = (2, 0.1 + 0.2, -1e22, 5e-324, 1.0, None, 60.0)
    with writing(engine) as connection:
        for table, last in (("metric_windows", "width_s"), ("metric_hours", "last_start")):
            for metric in ("cpu", 'a "name"'):
                values = ("default", "web", metric, 60.0, *window, 60.0)
                connection.exec_driver_sql(
                    f"INSERT INTO {table} (tenant_id, agent_id, metric, start, count, mean,"
                    f" minimum, maximum, last, expected_low, expected_high, {last})"
                    f" VALUES ({', '.join('?' * len(values))})",
                    values,
                )
    before = _contents(engine, "metric_windows", "metric_hours")
    migrations.prepare(engine)
    with engine.connect() as connection:
        windows, hours = (
            connection.execute(select(table)).one() for table in (agent_windows, agent_hours)
        )
    both = ("cpu", 'a "name"')
    assert windows == ("default", "web", 60.0, 60.0, {key: [*window] for key in both})
    assert hours == ("default", "web", 60.0, {key: [*window, 60.0] for key in both})
    _step(engine, command.downgrade, "0013")
    assert _contents(engine, "metric_windows", "metric_hours") == before
    engine.dispose()


def test_windows_of_before_the_blocks_are_read_with_those_in_blocks(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'views.db'}")
    _step(engine, command.upgrade, "0015")
    old = [(n, agent) for n in range(3) for agent in ("web", "db")]
    with writing(engine) as connection:
        connection.exec_driver_sql(
            "INSERT INTO agent_windows (tenant_id, agent_id, start, width_s, metrics)"
            " VALUES ('default', ?, ?, 60.0, ?)",
            [
                (agent, 60.0 * n, f'{{"cpu": [2, {n}, {n}, {n}, {n}, null, null]}}')
                for n, agent in old
            ],
        )
    before = _contents(engine, "agent_windows")
    migrations.prepare(engine)
    with writing(engine) as connection:
        closed = [_closed(60.0 * n, float(n), ["default/web"]) for n in range(3, 6)]
        write_windows(connection, closed, Numbers())
    by_minute = MetricQuery("cpu", 0.0, 3600.0)
    by_hour = replace(by_minute, resolution="hour")
    with writing(engine) as connection:
        minutes = metric_history(connection, "default", "web", by_minute)
        at_once = metric_history(connection, "default", "web", by_hour)
        add_up(connection, 1e9)
        assert metric_history(connection, "default", "web", by_hour) == at_once
        others = metric_history(connection, "default", "db", by_minute)
        assert [point.start for point in others] == [0.0, 60.0, 120.0]
        assert [row["start"] for row in windows_of(connection)] == [
            0,
            0,
            60,
            60,
            120,
            120,
            180,
            240,
            300,
        ]
    assert [(point.start, point.mean) for point in minutes] == [(60.0 * n, n) for n in range(6)]
    assert [(point.count, point.mean, point.last) for point in at_once] == [(12, 2.5, 5.0)]
    _step(engine, command.downgrade, "0015")
    assert _contents(engine, "agent_windows") == before
    engine.dispose()


def _closed(start: float, value: float, agents: list[str]) -> WindowsClosed:
    same, unknown = [value] * len(agents), [None] * len(agents)
    counts = [2] * len(agents)
    return WindowsClosed(
        start, 60.0, "cpu", agents, counts, same, same, same, same, unknown, unknown
    )


def _step(engine: Engine, move: Callable[[Config, str], None], revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        move(config, revision)


def _contents(engine: Engine, *tables: str) -> list[list[Any]]:
    with engine.connect() as connection:
        return [
            sorted(map(repr, connection.execute(text(f"SELECT * FROM {table}")).mappings()))
            for table in tables
        ]
