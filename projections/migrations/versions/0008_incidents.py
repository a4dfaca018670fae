"""Findings that belong together, which agents are in them, and what they were when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_IDENTS = ("tenant_id", "severity", "status", "close_reason", "merged_into", "event_id")
_DOCUMENTS = ("root", "candidates", "members", "merged")
_COUNTS = ("agents", "findings", "open_findings", "policy_version")
_PAGES = (
    ["tenant_id", "opened_at", "incident_id"],
    ["tenant_id", "status", "opened_at", "incident_id"],
)


def upgrade() -> None:
    op.create_table(
        "incidents",
        *_columns(),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_incidents")),
    )
    op.create_table(
        "incident_history",
        *_columns(),
        sa.Column("valid_from", sa.Double(), nullable=False),
        sa.Column("valid_to", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "valid_to", name=op.f("pk_incident_history")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "incident_agents",
        sa.Column("incident_id", sa.String(400), nullable=False),
        sa.Column("agent_id", sa.String(400), nullable=False),
        sa.Column("tenant_id", sa.String(400), nullable=False),
        sa.Column("joined_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "agent_id", name=op.f("pk_incident_agents")),
    )
    for table, columns in _indexes():
        op.create_index(op.f("_".join(("ix", table, *columns))), table, columns)


def downgrade() -> None:
    for table in ("incident_agents", "incident_history", "incidents"):
        op.drop_table(table)


def _columns() -> Iterator[sa.Column[Any]]:
    yield sa.Column("incident_id", sa.String(400), nullable=False)
    yield sa.Column("title", sa.Text(), nullable=False)
    yield from (sa.Column(name, sa.String(400), nullable=False) for name in _IDENTS)
    yield from (sa.Column(name, sa.Double(), nullable=False) for name in ("since", "opened_at"))
    yield from (sa.Column(name, sa.Double(), nullable=True) for name in ("closed_at", "lasted_s"))
    yield from (sa.Column(name, sa.JSON(), nullable=False) for name in _DOCUMENTS)
    yield sa.Column("coordinated", sa.Boolean(), nullable=False)
    yield from (sa.Column(name, _BIG, nullable=False) for name in _COUNTS)
    yield sa.Column("updated_at", sa.Double(), nullable=False)


def _indexes() -> Iterator[tuple[str, list[str]]]:
    yield from (("incidents", columns) for columns in _PAGES)
    yield "incident_history", ["valid_to"]
    yield from (("incident_history", columns) for columns in _PAGES)
    yield "incident_agents", ["tenant_id", "agent_id", "incident_id"]
