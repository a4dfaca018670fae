"""Silences, and which findings and incidents they withhold."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_IDENTS = ("tenant_id", "created_by", "ended_by", "refused", "event_id")
_INDEXES = (["tenant_id", "created_at", "silence_id"], ["tenant_id", "ends_at"])
_FINDINGS = ("findings", "finding_history")
_INCIDENTS = ("incidents", "incident_history")


def upgrade() -> None:
    op.create_table(
        "silences",
        sa.Column("silence_id", sa.String(400), nullable=False),
        *(sa.Column(name, sa.String(400), nullable=False) for name in _IDENTS),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("reason", "end_reason")),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("matchers", "recurrence")),
        *(
            sa.Column(name, sa.Double(), nullable=False)
            for name in ("starts_at", "ends_at", "created_at")
        ),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("maintenance", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("silence_id", name=op.f("pk_silences")),
    )
    for columns in _INDEXES:
        op.create_index(op.f(f"ix_silences_{'_'.join(columns)}"), "silences", columns)
    for table in _FINDINGS:
        for column in _of_findings():
            op.add_column(table, column)
    for table in _INCIDENTS:
        op.add_column(table, _of_incidents())


def downgrade() -> None:
    for table in _INCIDENTS:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("withheld")
    for table in _FINDINGS:
        with op.batch_alter_table(table) as batch:
            for column in _of_findings():
                batch.drop_column(column.name)
    op.drop_table("silences")


def _of_findings() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("silence_id", sa.String(400), nullable=False, server_default=""),
        sa.Column("silenced_by", sa.String(400), nullable=False, server_default=""),
        sa.Column("silenced_until", sa.Double(), nullable=True),
    )


def _of_incidents() -> sa.Column[Any]:
    return sa.Column("withheld", sa.Boolean(), nullable=False, server_default=sa.false())
