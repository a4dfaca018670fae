"""All metrics of an agent's window lie in one row, as a row a metric was most of the work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_MEASURED = ("count", "mean", "minimum", "maximum", "last", "expected_low", "expected_high")
_WINDOWS = ("metric_windows", "agent_windows", "width_s", _MEASURED)
_HOURS = ("metric_hours", "agent_hours", "last_start", (*_MEASURED, "last_start"))


def upgrade() -> None:
    connection = op.get_bind()
    known = sa.MetaData()
    for before, after, last, values in (_WINDOWS, _HOURS):
        _create(after, *([_moment(last)] if last not in values else []))
        old, new = (sa.Table(name, known, autoload_with=connection) for name in (before, after))
        new.c.metrics.type = sa.JSON()
        for agent in _agents(connection, old):
            if rows := list(_packed(connection, old, agent, values)):
                connection.execute(new.insert(), rows)
        op.drop_table(before)


def downgrade() -> None:
    connection = op.get_bind()
    known = sa.MetaData()
    for before, after, last, values in (_WINDOWS, _HOURS):
        _create_old(before, last)
        old, new = (sa.Table(name, known, autoload_with=connection) for name in (before, after))
        new.c.metrics.type = sa.JSON()
        for agent in _agents(connection, new):
            if rows := list(_unpacked(connection, new, agent, values)):
                connection.execute(old.insert(), rows)
        op.drop_table(after)


def _agents(connection: sa.Connection, table: sa.Table) -> Sequence[Any]:
    """Return the agents: one's rows are taken at a time, so that memory does not grow."""
    key = (table.c.tenant_id, table.c.agent_id)
    return connection.execute(sa.select(*key).distinct().order_by(*key)).all()


def _rows(connection: sa.Connection, table: sa.Table, agent: Any) -> Iterator[Any]:
    mine = (table.c.tenant_id == agent[0]) & (table.c.agent_id == agent[1])
    yield from connection.execute(sa.select(table).where(mine).order_by("start")).mappings()


def _packed(
    connection: sa.Connection, table: sa.Table, agent: Any, values: Sequence[str]
) -> Iterator[dict[str, Any]]:
    for start, rows in groupby(_rows(connection, table, agent), itemgetter("start")):
        all_rows = list(rows)
        packed = {row["metric"]: [row[name] for name in values] for row in all_rows}
        row = {"tenant_id": agent[0], "agent_id": agent[1], "start": start, "metrics": packed}
        yield row if "last_start" in values else row | {"width_s": all_rows[-1]["width_s"]}


def _unpacked(
    connection: sa.Connection, table: sa.Table, agent: Any, values: Sequence[str]
) -> Iterator[dict[str, Any]]:
    for row in _rows(connection, table, agent):
        shared = {name: value for name, value in row.items() if name != "metrics"}
        for metric, measured in row["metrics"].items():
            yield shared | {"metric": metric} | dict(zip(values, measured, strict=True))


def _create(name: str, *more: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("tenant_id", sa.String(400), nullable=False),
        sa.Column("agent_id", sa.String(400), nullable=False),
        _moment("start"),
        *more,
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "agent_id", "start", name=f"pk_{name}"),
    )
    op.create_index(f"ix_{name}_start", name, ["start"])


def _create_old(name: str, last: str) -> None:
    op.create_table(
        name,
        sa.Column("tenant_id", sa.String(400), nullable=False),
        sa.Column("agent_id", sa.String(400), nullable=False),
        sa.Column("metric", sa.String(400), nullable=False),
        _moment("start"),
        sa.Column("count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *(_moment(each) for each in ("mean", "minimum", "maximum", "last", last)),
        *(sa.Column(bound, sa.Double(), nullable=True) for bound in _MEASURED[-2:]),
        sa.PrimaryKeyConstraint("tenant_id", "agent_id", "metric", "start", name=f"pk_{name}"),
        sqlite_with_rowid=False,
    )
    op.create_index(f"ix_{name}_start", name, ["start"])


def _moment(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=False)
