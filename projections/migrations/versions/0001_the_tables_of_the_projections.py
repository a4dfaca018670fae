"""The tables of the projections."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "actions",
        sa.Column("action_id", sa.String(length=400), nullable=False),
        sa.Column("tenant_id", sa.String(length=400), nullable=False),
        sa.Column("agent_id", sa.String(length=400), nullable=False),
        sa.Column("action", sa.String(length=400), nullable=False),
        sa.Column("host", sa.String(length=400), nullable=False),
        sa.Column("state", sa.String(length=400), nullable=False),
        sa.Column("mode", sa.String(length=400), nullable=False),
        sa.Column("risk", sa.Double(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column(
            "attempt",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("finding_id", sa.String(length=400), nullable=False),
        sa.Column("finding_kind", sa.String(length=400), nullable=False),
        sa.Column("severity", sa.String(length=400), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("candidates", sa.JSON(), nullable=False),
        sa.Column("group", sa.String(length=400), nullable=False),
        sa.Column("depends_on", sa.JSON(), nullable=False),
        sa.Column("timeout_s", sa.Double(), nullable=True),
        sa.Column(
            "policy_version",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
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
        sa.PrimaryKeyConstraint("action_id", name=op.f("pk_actions")),
    )
    with op.batch_alter_table("actions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_actions_finding_id"), ["finding_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_actions_tenant_id_created_at_action_id"),
            ["tenant_id", "created_at", "action_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_actions_tenant_id_state"), ["tenant_id", "state"], unique=False
        )

    op.create_table(
        "agents",
        sa.Column("tenant_id", sa.String(length=400), nullable=False),
        sa.Column("agent_id", sa.String(length=400), nullable=False),
        sa.Column("type", sa.String(length=400), nullable=False),
        sa.Column("status", sa.String(length=400), nullable=False),
        sa.Column("status_since", sa.Double(), nullable=True),
        sa.Column("status_reason", sa.String(length=400), nullable=False),
        sa.Column("status_event", sa.String(length=400), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("health_level", sa.String(length=400), nullable=False),
        sa.Column("health_score", sa.Double(), nullable=True),
        sa.Column(
            "consecutive_failures",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("health_since", sa.Double(), nullable=True),
        sa.Column("health_reasons", sa.JSON(), nullable=False),
        sa.Column("health_event", sa.String(length=400), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("last_seen", sa.Double(), nullable=True),
        sa.Column("registered_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "agent_id", name=op.f("pk_agents")),
    )
    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_agents_tenant_id_status"), ["tenant_id", "status"], unique=False
        )

    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("label", sa.String(length=400), nullable=False),
        sa.Column(
            "value",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("name", "label", name=op.f("pk_counters")),
    )
    op.create_table(
        "dead_letters",
        sa.Column("event_id", sa.String(length=400), nullable=False),
        sa.Column("kind", sa.String(length=400), nullable=False),
        sa.Column("step", sa.String(length=400), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("topic", sa.String(length=400), nullable=False),
        sa.Column(
            "partition",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "offset",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("truncated", sa.Boolean(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_dead_letters")),
    )
    with op.batch_alter_table("dead_letters", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_dead_letters_at_event_id"), ["at", "event_id"], unique=False
        )

    op.create_table(
        "epochs",
        sa.Column("projection", sa.String(length=400), nullable=False),
        sa.Column(
            "epoch",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("owner", sa.String(length=400), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("projection", name=op.f("pk_epochs")),
    )
    op.create_table(
        "events",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.String(length=400), nullable=False),
        sa.Column("type", sa.String(length=400), nullable=False),
        sa.Column("source", sa.String(length=400), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("tenant_id", sa.String(length=400), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("correlation_id", sa.String(length=400), nullable=False),
        sa.Column("causation_id", sa.String(length=400), nullable=False),
        sa.Column("topic", sa.String(length=400), nullable=False),
        sa.Column(
            "partition",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "offset",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_events")),
        sa.UniqueConstraint("id", name=op.f("uq_events_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_events_correlation_id"), ["correlation_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_events_subject_seq"), ["subject", "seq"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_events_tenant_id_seq"), ["tenant_id", "seq"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_events_type_seq"), ["type", "seq"], unique=False)

    op.create_table(
        "findings",
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
            "policy_version",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("since", sa.Double(), nullable=True),
        sa.Column("raised_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("end_reason", sa.String(length=400), nullable=False),
        sa.Column("lasted_s", sa.Double(), nullable=True),
        sa.Column("event_id", sa.String(length=400), nullable=False),
        sa.Column("correlation_id", sa.String(length=400), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_findings")),
    )
    with op.batch_alter_table("findings", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_findings_tenant_id_ended_at"), ["tenant_id", "ended_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_findings_tenant_id_raised_at_finding_id"),
            ["tenant_id", "raised_at", "finding_id"],
            unique=False,
        )

    op.create_table(
        "marks",
        sa.Column("topic", sa.String(length=400), nullable=False),
        sa.Column(
            "partition",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("source", sa.String(length=400), nullable=False),
        sa.Column("source_topic", sa.String(length=400), nullable=False),
        sa.Column(
            "source_partition",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "offset",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "ordinal",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.PrimaryKeyConstraint(
            "topic",
            "partition",
            "source",
            "source_topic",
            "source_partition",
            name=op.f("pk_marks"),
        ),
    )
    op.create_table(
        "metric_hours",
        sa.Column("tenant_id", sa.String(length=400), nullable=False),
        sa.Column("agent_id", sa.String(length=400), nullable=False),
        sa.Column("metric", sa.String(length=400), nullable=False),
        sa.Column("start", sa.Double(), nullable=False),
        sa.Column(
            "count",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.Column("minimum", sa.Double(), nullable=False),
        sa.Column("maximum", sa.Double(), nullable=False),
        sa.Column("last", sa.Double(), nullable=False),
        sa.Column("last_start", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "agent_id", "metric", "start", name=op.f("pk_metric_hours")
        ),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("metric_hours", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_metric_hours_start"), ["start"], unique=False)

    op.create_table(
        "metric_windows",
        sa.Column("tenant_id", sa.String(length=400), nullable=False),
        sa.Column("agent_id", sa.String(length=400), nullable=False),
        sa.Column("metric", sa.String(length=400), nullable=False),
        sa.Column("start", sa.Double(), nullable=False),
        sa.Column(
            "count",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.Column("minimum", sa.Double(), nullable=False),
        sa.Column("maximum", sa.Double(), nullable=False),
        sa.Column("last", sa.Double(), nullable=False),
        sa.Column("width_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "agent_id", "metric", "start", name=op.f("pk_metric_windows")
        ),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("metric_windows", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_metric_windows_start"), ["start"], unique=False)

    op.create_table(
        "policies",
        sa.Column("event_id", sa.String(length=400), nullable=False),
        sa.Column(
            "version",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("hash", sa.String(length=400), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("changed_by", sa.String(length=400), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_policies")),
    )
    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_policies_version"), ["version"], unique=False)

    op.create_table(
        "positions",
        sa.Column("projection", sa.String(length=400), nullable=False),
        sa.Column("topic", sa.String(length=400), nullable=False),
        sa.Column(
            "partition",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "next_offset",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("record_time", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("projection", "topic", "partition", name=op.f("pk_positions")),
    )
    op.create_table(
        "status_history",
        sa.Column("event_id", sa.String(length=400), nullable=False),
        sa.Column("aspect", sa.String(length=400), nullable=False),
        sa.Column("tenant_id", sa.String(length=400), nullable=False),
        sa.Column("agent_id", sa.String(length=400), nullable=False),
        sa.Column("value", sa.String(length=400), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Double(), nullable=False),
        sa.Column("valid_to", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("event_id", "aspect", name=op.f("pk_status_history")),
    )
    with op.batch_alter_table("status_history", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_status_history_tenant_id_agent_id_aspect_valid_from"),
            ["tenant_id", "agent_id", "aspect", "valid_from"],
            unique=False,
        )


def downgrade() -> None:
    with op.batch_alter_table("status_history", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_status_history_tenant_id_agent_id_aspect_valid_from"))

    op.drop_table("status_history")
    op.drop_table("positions")
    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_policies_version"))

    op.drop_table("policies")
    with op.batch_alter_table("metric_windows", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_metric_windows_start"))

    op.drop_table("metric_windows")
    with op.batch_alter_table("metric_hours", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_metric_hours_start"))

    op.drop_table("metric_hours")
    op.drop_table("marks")
    with op.batch_alter_table("findings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_findings_tenant_id_raised_at_finding_id"))
        batch_op.drop_index(batch_op.f("ix_findings_tenant_id_ended_at"))

    op.drop_table("findings")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_events_type_seq"))
        batch_op.drop_index(batch_op.f("ix_events_tenant_id_seq"))
        batch_op.drop_index(batch_op.f("ix_events_subject_seq"))
        batch_op.drop_index(batch_op.f("ix_events_correlation_id"))

    op.drop_table("events")
    op.drop_table("epochs")
    with op.batch_alter_table("dead_letters", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dead_letters_at_event_id"))

    op.drop_table("dead_letters")
    op.drop_table("counters")
    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agents_tenant_id_status"))

    op.drop_table("agents")
    with op.batch_alter_table("actions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_actions_tenant_id_state"))
        batch_op.drop_index(batch_op.f("ix_actions_tenant_id_created_at_action_id"))
        batch_op.drop_index(batch_op.f("ix_actions_finding_id"))

    op.drop_table("actions")
