"""Loads and writes many rows at once, in the dialect of the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Double,
    Select,
    Table,
    Text,
    Update,
    and_,
    bindparam,
    case,
    column,
    delete,
    func,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from projections.bulk import insert_rows
from projections.models import agent_hours, agent_windows, agents, conversations, counters
from projections.models.history import HISTORIES
from projections.read_models.metric import by_agent, hourly, hours_of
from projections.rows import Key, Row, Rows, key_of
from streams.contracts.events.agent import WindowsClosed

_CHUNK: Final = 5_000
"""Keys in one query."""
_MAX_METRICS_TEXT: Final = 65_536
"""Above this many characters of JSON, the latest metrics replace the older ones."""


def load(connection: Connection, table: Table, keys: Iterable[Key]) -> dict[Key, Row]:
    """Return the stored rows with those primary keys, by key."""
    columns = list(table.c.keys())
    query = _those_of(table, connection.dialect.name)
    found: dict[Key, Row] = {}
    waiting = iter(sorted(set(keys)))
    while chunk := list(islice(waiting, _CHUNK)):
        given = {f"keys_{n}": list(values) for n, values in enumerate(zip(*chunk, strict=True))}
        if connection.dialect.name != "postgresql":
            given = {"keys": chunk}
        for row in connection.execute(query, given):
            named = dict(zip(columns, row, strict=True))
            found[key_of(table)(named)] = named
    return found


@lru_cache
def _those_of(table: Table, dialect: str) -> Select[Any]:
    """Return a query of the rows with the given keys: for each of them, a search in the index.

    For a list of tuples SQLite reads the whole table, and PostgreSQL plans each of them.
    """
    primary = list(table.primary_key)
    names = [key.name for key in primary]
    if dialect == "postgresql":
        arrays = (bindparam(f"keys_{n}", type_=ARRAY(key.type)) for n, key in enumerate(primary))
        asked = func.unnest(*arrays).table_valued(*names, name="asked").render_derived()
        values: list[ColumnElement[Any]] = [asked.c[name] for name in names]
    else:
        each = func.json_each(bindparam("keys", type_=JSON)).table_valued("value", name="asked")
        asked = each
        values = [func.json_extract(each.c.value, f"$[{n}]") for n, _ in enumerate(names)]
    same = (key == value for key, value in zip(primary, values, strict=True))
    return select(table).select_from(asked.join(table, and_(*same)))


def load_one(connection: Connection, table: Table, key: Key) -> Row | None:
    """Return the stored row with that primary key, or None."""
    return load(connection, table, [key]).get(key)


def upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Write whole rows; those with a known primary key replace what was there."""
    insert_rows(connection, table, rows)


def append(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows; those that exist already (by any unique key) stay as they are."""
    insert_rows(connection, table, rows, then="keep")


def write(connection: Connection, rows: Rows) -> None:
    """Write what a batch of folds changed."""
    for table, changed in rows.changed().items():
        upsert(connection, table, changed)
    for table, appended in rows.appended.items():
        append(connection, table, appended)
    _write_windows(connection, rows.closed)
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
    rows = [
        {"tenant": tenant, "agent": agent, "seen": seen, "new": metrics}
        for (tenant, agent), seen, metrics in latest
    ]
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(_LATEST_OF_MANY, {"rows": rows})
    else:
        connection.execute(_LATEST_OF_ONE, rows)


def _latest(tenant: Any, agent: Any, seen: Any, metrics: Any) -> Update:
    c = agents.c
    return (
        agents.update()
        .where(c.tenant_id == tenant, c.agent_id == agent)
        .values(last_seen=case((c.last_seen > seen, c.last_seen), else_=seen), metrics=metrics)
    )


def _latest_of_one() -> Update:
    stored, new = agents.c.metrics, bindparam("new", type_=agents.c.metrics.type)
    merged = func.json_patch(stored, new, type_=stored.type)
    metrics = case((func.length(stored) > _MAX_METRICS_TEXT, new), else_=merged)
    seen = bindparam("seen", type_=agents.c.last_seen.type)
    return _latest(bindparam("tenant"), bindparam("agent"), seen, metrics)


def _latest_of_many() -> Update:
    """Return one statement for all rows: a round trip for each would take ten times as long."""
    given = func.jsonb_to_recordset(bindparam("rows", type_=JSONB))
    named = (("tenant", Text), ("agent", Text), ("seen", Double), ("new", JSONB))
    rows = given.table_valued(*(column(name, kind) for name, kind in named), name="latest")
    c, stored = rows.render_derived(with_types=True).c, agents.c.metrics
    merged = func.jsonb_concat(stored.cast(JSONB), c.new, type_=JSONB).cast(stored.type)
    long = func.length(stored.cast(postgresql.TEXT)) > _MAX_METRICS_TEXT
    metrics = case((long, c.new.cast(stored.type)), else_=merged)
    return _latest(c.tenant, c.agent, c.seen, metrics)


_LATEST_OF_ONE: Final = _latest_of_one()
_LATEST_OF_MANY: Final = _latest_of_many()


def purge_windows(connection: Connection, newest: float, minutes_s: float, hours_s: float) -> None:
    """Delete windows that start longer than that before `newest` (seconds since the epoch)."""
    connection.execute(delete(agent_windows).where(agent_windows.c.start < newest - minutes_s))
    connection.execute(delete(agent_hours).where(agent_hours.c.start < newest - hours_s))


def purge_conversations(connection: Connection, before: float) -> None:
    """Delete those in which nothing was said since that moment (seconds since the epoch)."""
    connection.execute(delete(conversations).where(conversations.c.last_at < before))


def purge_intervals(connection: Connection, before: float) -> None:
    """Delete what ended before that moment (seconds since the epoch)."""
    for history in HISTORIES.values():
        connection.execute(delete(history).where(history.c.valid_to < before))


def _write_windows(connection: Connection, closed: Sequence[WindowsClosed]) -> None:
    # An agent's metrics may come in two batches: its row takes in the second.
    insert_rows(connection, agent_windows, by_agent(closed), then="merge")
    stored = load(connection, agent_hours, hours_of(closed))
    upsert(connection, agent_hours, hourly(closed, stored))


def _count(connection: Connection, rows: Rows) -> None:
    counted = [
        {"name": name, "label": label, "value": value}
        for (name, label), value in sorted(rows.counted.items())
    ]
    insert_rows(connection, counters, counted, then="add")
