"""Loads and writes many rows at once, in the dialect of the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, case, delete, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB

from projections.models import agents, counters, metric_hours, metric_windows
from projections.models.history import HISTORIES
from projections.read_models.metric import hour_of, hourly
from projections.rows import Key, Row, Rows

_CHUNK: Final = 200
"""Keys in one query: SQLite takes 32,766 variables, and short statements are cached."""
_MAX_METRICS_TEXT: Final = 65_536
"""Above this many characters of JSON, the latest metrics replace the older ones."""


def load(connection: Connection, table: Table, keys: Iterable[Key]) -> dict[Key, Row]:
    """Return the stored rows with those primary keys, by key."""
    primary = list(table.primary_key)
    names = [column.name for column in primary]
    found: dict[Key, Row] = {}
    waiting = iter(sorted(set(keys)))
    while chunk := list(islice(waiting, _CHUNK)):
        query = select(table).where(tuple_(*primary).in_(chunk))
        for row in connection.execute(query).mappings():
            found[tuple(row[name] for name in names)] = dict(row)
    return found


def load_one(connection: Connection, table: Table, key: Key) -> Row | None:
    """Return the stored row with that primary key, or None."""
    return load(connection, table, [key]).get(key)


def upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Write whole rows; those with a known primary key replace what was there."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    others = [name for name in rows[0] if name not in keys]
    statement = _insert(connection, table)
    statement = statement.on_conflict_do_update(
        index_elements=keys, set_={name: statement.excluded[name] for name in others}
    )
    connection.execute(statement, list(rows))


def append(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows; those that exist already (by any unique key) stay as they are."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), list(rows))


def write(connection: Connection, rows: Rows) -> None:
    """Write what a batch of folds changed."""
    for table, changed in rows.changed().items():
        upsert(connection, table, changed)
    for table, appended in rows.appended.items():
        if table is metric_windows:
            _write_windows(connection, appended)
        else:
            append(connection, table, appended)
    _count(connection, rows)


def write_latest(
    connection: Connection, latest: Iterable[tuple[Key, float, dict[str, float]]]
) -> None:
    """Write the newest metrics of registered agents, merged into the older ones.

    Parameters
    ----------
    latest : iterable of ((tenant, agent), last_seen, metrics)
        One item an agent; `last_seen` in seconds since the epoch.
    """
    parameters = [
        {"key_tenant": tenant, "key_agent": agent, "seen": seen, "new": metrics}
        for (tenant, agent), seen, metrics in latest
    ]
    if not parameters:
        return
    new = bindparam("new", type_=agents.c.metrics.type)
    seen = bindparam("seen", type_=agents.c.last_seen.type)
    later = agents.c.last_seen > seen
    statement = (
        agents.update()
        .where(
            agents.c.tenant_id == bindparam("key_tenant"),
            agents.c.agent_id == bindparam("key_agent"),
        )
        .values(
            last_seen=case((later, agents.c.last_seen), else_=seen),
            metrics=_merged(connection, new),
        )
    )
    connection.execute(statement, parameters)


def purge_windows(connection: Connection, newest: float, minutes_s: float, hours_s: float) -> None:
    """Delete windows that start longer than that before `newest` (seconds since the epoch)."""
    connection.execute(delete(metric_windows).where(metric_windows.c.start < newest - minutes_s))
    connection.execute(delete(metric_hours).where(metric_hours.c.start < newest - hours_s))


def purge_intervals(connection: Connection, before: float) -> None:
    """Delete what ended before that moment (seconds since the epoch)."""
    for history in HISTORIES.values():
        connection.execute(delete(history).where(history.c.valid_to < before))


def _merged(connection: Connection, new: Any) -> Any:
    stored = agents.c.metrics
    if connection.dialect.name == "sqlite":
        merged: Any = func.json_patch(stored, new, type_=stored.type)
        length: Any = func.length(stored)
    else:
        merged = func.jsonb_concat(stored.cast(JSONB), new.cast(JSONB)).cast(stored.type)
        length = func.length(stored.cast(postgresql.TEXT))
    return case((length > _MAX_METRICS_TEXT, new), else_=merged)


def _write_windows(connection: Connection, windows: list[Row]) -> None:
    upsert(connection, metric_windows, windows)
    stored = load(connection, metric_hours, map(hour_of, windows))
    upsert(connection, metric_hours, hourly(windows, stored))


def _count(connection: Connection, rows: Rows) -> None:
    counted = [
        {"name": name, "label": label, "value": value}
        for (name, label), value in sorted(rows.counted.items())
    ]
    if not counted:
        return
    statement = _insert(connection, counters)
    total = counters.c.value + statement.excluded.value
    connection.execute(
        statement.on_conflict_do_update(index_elements=["name", "label"], set_={"value": total}),
        counted,
    )


def _insert(connection: Connection, table: Table) -> Any:
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
