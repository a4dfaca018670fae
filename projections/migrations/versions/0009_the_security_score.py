"""How far agents are trusted, and what they lost trust by."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = ("agents", "agent_history")
_KEY = ["tenant_id", "security_score", "agent_id"]


def upgrade() -> None:
    for table in _TABLES:
        for column in _columns():
            op.add_column(table, column)
    op.create_index(_named(), "agents", _KEY)


def downgrade() -> None:
    op.drop_index(_named(), table_name="agents")
    for table in _TABLES:
        with op.batch_alter_table(table) as batch:
            for column in _columns():
                batch.drop_column(column.name)


def _columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("security_score", sa.Double(), nullable=False, server_default="100"),
        sa.Column("security_level", sa.String(400), nullable=False, server_default="secure"),
        sa.Column("security_issues", sa.JSON(), nullable=False, server_default="[]"),
    )


def _named() -> str:
    return "_".join(("ix", "agents", *_KEY))
