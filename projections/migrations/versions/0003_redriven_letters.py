"""What became of a dead letter that was redriven."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("redrive_of", "outcome"):
        column = sa.Column(name, sa.String(length=400), nullable=False, server_default="")
        op.add_column("dead_letters", column)
    op.add_column("dead_letters", sa.Column("stamped", sa.Double(), nullable=True))
    letters = sa.table("dead_letters", sa.column("at"), sa.column("stamped"))
    op.execute(letters.update().values(stamped=letters.c.at))


def downgrade() -> None:
    with op.batch_alter_table("dead_letters", schema=None) as batch_op:
        for name in ("stamped", "outcome", "redrive_of"):
            batch_op.drop_column(name)
