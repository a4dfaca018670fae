"""Who looks after a finding or an incident, and what people noted of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_TABLES = ("findings", "finding_history", "incidents", "incident_history")


def upgrade() -> None:
    for table in _TABLES:
        for column in _columns():
            op.add_column(table, column)


def downgrade() -> None:
    for table in _TABLES:
        with op.batch_alter_table(table) as batch:
            for column in reversed(_columns()):
                batch.drop_column(column.name)


def _columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("acknowledged_by", sa.String(400), nullable=False, server_default=""),
        sa.Column("acknowledgement", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("assigned_to", sa.String(400), nullable=False, server_default=""),
        sa.Column("comments", sa.JSON(), nullable=False, server_default="[]"),
    )
