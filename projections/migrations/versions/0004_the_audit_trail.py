"""The audit trail as rows; `projections rebuild` tells what was before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TEXTS = ("actor", "role", "action", "resource", "outcome", "level")
_INDEXES = (["at", "event_id"], ["tenant_id", "at", "event_id"])


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("event_id", sa.String(length=400), nullable=False),
        sa.Column("tenant_id", sa.String(length=400), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        *(sa.Column(name, sa.String(length=400), nullable=False) for name in _TEXTS),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("writer", sa.String(length=400), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("previous", sa.String(length=400), nullable=False),
        sa.Column("hash", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_audit")),
    )
    for columns in _INDEXES:
        op.create_index(op.f(f"ix_audit_{'_'.join(columns)}"), "audit", columns)


def downgrade() -> None:
    op.drop_table("audit")
