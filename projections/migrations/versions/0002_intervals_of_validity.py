"""Intervals of validity of agents, findings and actions.

What is known at the upgrade holds from its last change on; `projections rebuild` tells what was
before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OPEN = 253_402_300_800.0
_HISTORIES = {
    "agents": "agent_history",
    "findings": "finding_history",
    "actions": "action_history",
}


def upgrade() -> None:
    _create()
    connection = op.get_bind()
    known = sa.MetaData()
    for of, name in _HISTORIES.items():
        now, history = (sa.Table(t, known, autoload_with=connection) for t in (of, name))
        copied = [c.name for c in history.c if c.name not in ("valid_from", "valid_to")]
        values = [now.c[column] for column in copied]
        source = sa.select(*values, now.c.updated_at, sa.literal(_OPEN))
        op.execute(history.insert().from_select([*copied, "valid_from", "valid_to"], source))


def _create() -> None:
    op.create_table(
        "action_history",
        sa.Column("action_id", sa.String(length=400), nullable=False),
        sa.Column("tenant_id", sa.String(length=400), nullable=False),
        sa.Column("agent_id", sa.String(length=400), nullable=False),
        sa.Column("action", sa.String(length=400), nullable=False),
        sa.Column("host", sa.String(length=400), nullable=False),
        sa.Column("state", sa.String(length=400), nullable=False),
        sa.Column("mode", sa.String(length=400), nullable=False),
        sa.Column("risk", sa.Double(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("attempt", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("finding_id", sa.String(length=400), nullable=False),
        sa.Column("finding_kind", sa.String(length=400), nullable=False),
        sa.Column("severity", sa.String(length=400), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("candidates", sa.JSON(), nullable=False),
        sa.Column("group", sa.String(length=400), nullable=False),
        sa.Column("depends_on", sa.JSON(), nullable=False),
        sa.Column("timeout_s", sa.Double(), nullable=True),
        sa.Column(
            "policy_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("policy_hash", sa.String(length=400), nullable=False),
        sa.Column("requested_by", sa.String(length=400), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("approvals", sa.JSON(), nullable=False),
        sa.Column("approved_by", sa.String(length=400), nullable=False),
        sa.Column("preview_hash", sa.String(length=400), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=True),
        sa.Column("retry_at", sa.Double(), nullable=True),
        sa.Column("outcome", sa.String(length=400), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("check", sa.String(length=400), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("proposed_at", sa.Double(), nullable=True),
        sa.Column("awaiting_at", sa.Double(), nullable=True),
        sa.Column("queued_at", sa.Double(), nullable=True),
        sa.Column("granted_at", sa.Double(), nullable=True),
        sa.Column("claimed_at", sa.Double(), nullable=True),
        sa.Column("verified_at", sa.Double(), nullable=True),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column("refused_at", sa.Double(), nullable=True),
        sa.Column("correlation_id", sa.String(length=400), nullable=False),
        sa.Column("causation_id", sa.String(length=400), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("valid_from", sa.Double(), nullable=False),
        sa.Column("valid_to", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("action_id", "valid_to", name=op.f("pk_action_history")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("action_history", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_action_history_tenant_id_created_at_action_id"),
            ["tenant_id", "created_at", "action_id"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_action_history_valid_to"), ["valid_to"], unique=False)

    op.create_table(
        "agent_history",
        sa.Column("tenant_id", sa.String(length=400), nullable=False),
        sa.Column("agent_id", sa.String(length=400), nullable=False),
        sa.Column("type", sa.String(length=400), nullable=False),
        sa.Column("status", sa.String(length=400), nullable=False),
        sa.Column("status_since", sa.Double(), nullable=True),
        sa.Column("status_reason", sa.String(length=400), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("health_level", sa.String(length=400), nullable=False),
        sa.Column("health_score", sa.Double(), nullable=True),
        sa.Column(
            "consecutive_failures",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("health_since", sa.Double(), nullable=True),
        sa.Column("health_reasons", sa.JSON(), nullable=False),
        sa.Column("registered_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("valid_from", sa.Double(), nullable=False),
        sa.Column("valid_to", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "agent_id", "valid_to", name=op.f("pk_agent_history")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("agent_history", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agent_history_valid_to"), ["valid_to"], unique=False)

    op.create_table(
        "finding_history",
        sa.Column("finding_id", sa.String(length=400), nullable=False),
        sa.Column("tenant_id", sa.String(length=400), nullable=False),
        sa.Column("agent_id", sa.String(length=400), nullable=False),
        sa.Column("agent_type", sa.String(length=400), nullable=False),
        sa.Column("kind", sa.String(length=400), nullable=False),
        sa.Column("severity", sa.String(length=400), nullable=False),
        sa.Column("metric", sa.String(length=400), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("expected_low", sa.Double(), nullable=True),
        sa.Column("expected_high", sa.Double(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("drivers", sa.JSON(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("severities", sa.JSON(), nullable=False),
        sa.Column(
            "policy_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("since", sa.Double(), nullable=True),
        sa.Column("raised_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("end_reason", sa.String(length=400), nullable=False),
        sa.Column("lasted_s", sa.Double(), nullable=True),
        sa.Column("event_id", sa.String(length=400), nullable=False),
        sa.Column("correlation_id", sa.String(length=400), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("valid_from", sa.Double(), nullable=False),
        sa.Column("valid_to", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("finding_id", "valid_to", name=op.f("pk_finding_history")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("finding_history", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_finding_history_tenant_id_raised_at_finding_id"),
            ["tenant_id", "raised_at", "finding_id"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_finding_history_valid_to"), ["valid_to"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("finding_history", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_finding_history_valid_to"))
        batch_op.drop_index(batch_op.f("ix_finding_history_tenant_id_raised_at_finding_id"))

    op.drop_table("finding_history")
    with op.batch_alter_table("agent_history", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agent_history_valid_to"))

    op.drop_table("agent_history")
    with op.batch_alter_table("action_history", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_action_history_valid_to"))
        batch_op.drop_index(batch_op.f("ix_action_history_tenant_id_created_at_action_id"))

    op.drop_table("action_history")
