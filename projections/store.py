"""Loads and writes many rows at once, in the dialect of the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Column,
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
    tuple_,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from projections.bulk import insert_rows, run_many, update_rows
from projections.latest import Newest
from projections.models import agents, counters
from projections.rows import Key, Row, Rows, key_of

_CHUNK: Final = 5_000
"""Keys in one query."""
_MAX_METRICS_TEXT: Final = 65_536
"""Above this many characters of JSON, the latest metrics replace the older ones."""


def load(connection: Connection, table: Table, keys: Iterable[Key]) -> dict[Key, Row]:
    """Return the stored rows with those primary keys, by key."""
    columns = list(table.c.keys())
    rows = _found(connection, table, keys)
    named = (dict(zip(columns, row, strict=True)) for row in rows)
    return {key_of(table)(row): row for row in named}


def metrics_of(connection: Connection, keys: Iterable[Key]) -> dict[Key, dict[str, float]]:
    """Return the newest metrics of agents, by (tenant, agent)."""
    names = ("tenant_id", "agent_id", "metrics")
    rows = _found(connection, agents, keys, names)
    return {(tenant, agent): metrics for tenant, agent, metrics in rows}


def _found(
    connection: Connection, table: Table, keys: Iterable[Key], names: tuple[str, ...] = ()
) -> Iterator[Sequence[Any]]:
    query = _those_of(table, connection.dialect.name, names)
    waiting = iter(sorted(set(keys)))
    while chunk := list(islice(waiting, _CHUNK)):
        given = {f"keys_{n}": list(values) for n, values in enumerate(zip(*chunk, strict=True))}
        if connection.dialect.name != "postgresql":
            given = {"keys": chunk}
        yield from connection.execute(query, given)


@lru_cache
def _those_of(table: Table, dialect: str, names: tuple[str, ...]) -> Select[Any]:
    """Return a query of the rows with the given keys: for each of them, a search in the index.

    All columns are asked for where no `names` are given.

    For a list of tuples SQLite reads the whole table, and PostgreSQL plans each of them.
    """
    primary = list(table.primary_key)
    keys = [key.name for key in primary]
    if dialect == "postgresql":
        arrays = (bindparam(f"keys_{n}", type_=ARRAY(key.type)) for n, key in enumerate(primary))
        asked = func.unnest(*arrays).table_valued(*keys, name="asked").render_derived()
        values: list[ColumnElement[Any]] = [asked.c[name] for name in keys]
    else:
        each = func.json_each(bindparam("keys", type_=JSON)).table_valued("value", name="asked")
        asked = each
        values = [func.json_extract(each.c.value, f"$[{n}]") for n, _ in enumerate(keys)]
    same = (key == value for key, value in zip(primary, values, strict=True))
    wanted = [table.c[name] for name in names or table.c.keys()]
    return select(*wanted).select_from(asked.join(table, and_(*same)))


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
        if connection.dialect.name == "postgresql":
            upsert(connection, table, changed.all())
            continue
        upsert(connection, table, changed.new)
        for names, some in changed.known.items():
            update_rows(connection, table, names, some)
    for table, appended in rows.appended.items():
        append(connection, table, appended)
    _count(connection, rows)


def write_latest(connection: Connection, latest: Iterable[Newest]) -> None:
    """Write the newest metrics of registered agents.

    They take the place of the older ones where none of these is missing among them, and are merged
    into them otherwise, which takes as long again.
    """
    rows: dict[bool, list[Row]] = {True: [], False: []}
    for tenant, agent, seen, metrics, whole in latest:
        row = {"tenant": tenant, "agent": agent, "seen": seen, "new": metrics}
        rows[whole].append(row)
    for whole, some in rows.items():
        if not some:
            continue
        if connection.dialect.name == "postgresql":
            connection.execute(_latest_of_many(whole=whole), {"rows": some})
        else:
            run_many(connection, _latest_of_one(whole=whole), some, documents=("new",))


def _latest(tenant: Any, agent: Any, seen: Any, metrics: Any) -> Update:
    c = agents.c
    return (
        agents.update()
        .where(c.tenant_id == tenant, c.agent_id == agent)
        .values(last_seen=case((c.last_seen > seen, c.last_seen), else_=seen), metrics=metrics)
    )


@lru_cache
def _latest_of_one(*, whole: bool) -> Update:
    stored, new = agents.c.metrics, bindparam("new", type_=agents.c.metrics.type)
    merged = func.json_patch(stored, new, type_=stored.type)
    metrics = new if whole else case((func.length(stored) > _MAX_METRICS_TEXT, new), else_=merged)
    seen = bindparam("seen", type_=agents.c.last_seen.type)
    return _latest(bindparam("tenant"), bindparam("agent"), seen, metrics)


@lru_cache
def _latest_of_many(*, whole: bool) -> Update:
    """Return one statement for all rows: a round trip for each would take ten times as long."""
    kind = JSON if whole else JSONB
    given = func.json_to_recordset(bindparam("rows", type_=JSON))
    named = (("tenant", Text), ("agent", Text), ("seen", Double), ("new", kind))
    rows = given.table_valued(*(column(name, kind) for name, kind in named), name="latest")
    c, stored = rows.render_derived(with_types=True).c, agents.c.metrics
    if whole:
        return _latest(c.tenant, c.agent, c.seen, c.new)
    merged = func.jsonb_concat(stored.cast(JSONB), c.new, type_=JSONB).cast(stored.type)
    long = func.length(stored.cast(postgresql.TEXT)) > _MAX_METRICS_TEXT
    metrics = case((long, c.new.cast(stored.type)), else_=merged)
    return _latest(c.tenant, c.agent, c.seen, metrics)


def purge(connection: Connection, by: Column[Any], before: float, most: int | None) -> int:
    """Delete rows of which a moment lies before another, the oldest first.

    Parameters
    ----------
    by : Column
        Holds the moment of each row, seconds since the epoch.
    most : int or None
        So many rows at most; None for all.

    Returns
    -------
    int
        How many there were.
    """
    table = by.table
    old = delete(table).where(by < before)
    if most is not None:
        key = list(table.primary_key)
        some = select(*key).where(by < before).order_by(by).limit(most)
        old = delete(table).where(tuple_(*key).in_(some))
    return connection.execute(old).rowcount


def _count(connection: Connection, rows: Rows) -> None:
    counted = [
        {"name": name, "label": label, "value": value}
        for (name, label), value in sorted(rows.counted.items())
    ]
    insert_rows(connection, counters, counted, then="add")
