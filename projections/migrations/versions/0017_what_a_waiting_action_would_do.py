"""The dry run of an action that waits for a person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TABLES = ("actions", "action_history")


def upgrade() -> None:
    for table in _TABLES:
        preview = sa.Column("preview", sa.JSON(), nullable=False, server_default="{}")
        op.add_column(table, preview)
        op.add_column(table, sa.Column("preview_asked_at", sa.Double(), nullable=True))


def downgrade() -> None:
    for table in _TABLES:
        with op.batch_alter_table(table) as batch:
            for name in ("preview_asked_at", "preview"):
                batch.drop_column(name)
