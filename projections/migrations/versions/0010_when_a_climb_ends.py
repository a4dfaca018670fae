"""When a climb reaches its limit, if it goes on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLES = ("findings", "finding_history")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("reaches_limit_at", sa.Double(), nullable=True))


def downgrade() -> None:
    for table in _TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("reaches_limit_at")
