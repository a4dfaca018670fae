"""How well agents work, and what was judged of their conversations."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = ("agents", "agent_history")
_INDEXED = ("performance_level", "performance_score")


def upgrade() -> None:
    for table in _TABLES:
        level = sa.Column(
            "performance_level", sa.String(length=400), nullable=False, server_default=""
        )
        op.add_column(table, level)
        op.add_column(table, sa.Column("performance_score", sa.Double(), nullable=True))
        parts = sa.Column("performance", sa.JSON(), nullable=False, server_default="{}")
        op.add_column(table, parts)
    for name in _INDEXED:
        op.create_index(_index(name), "agents", ["tenant_id", name, "agent_id"])
    _conversations()


def _conversations() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    names = [
        sa.Column(name, sa.String(length=400), nullable=False)
        for name in ("tenant_id", "agent_id", "conversation_id", "model")
    ]
    moments: list[sa.Column[Any]] = [
        sa.Column(name, sa.Double(), nullable=False)
        for name in ("began_at", "last_at", "updated_at")
    ]
    counts = [sa.Column(name, big, nullable=False) for name in ("messages", "answers", "tokens")]
    measures: list[sa.Column[Any]] = [
        sa.Column(name, sa.Double(), nullable=True) for name in ("quality", "latency_ms")
    ]
    documents = [
        sa.Column(name, sa.JSON(), nullable=False) for name in ("faults", "leaks", "evidence")
    ]
    key = sa.PrimaryKeyConstraint(
        "tenant_id", "agent_id", "conversation_id", name=op.f("pk_conversations")
    )
    leaking: sa.Column[Any] = sa.Column("leaking", sa.Boolean(), nullable=False)
    op.create_table("conversations", *names, *moments, *counts, *measures, *documents, leaking, key)
    order = ["tenant_id", "agent_id", "last_at", "conversation_id"]
    op.create_index(op.f(f"ix_conversations_{'_'.join(order)}"), "conversations", order)
    op.create_index(op.f("ix_conversations_last_at"), "conversations", ["last_at"])


def downgrade() -> None:
    op.drop_table("conversations")
    for name in _INDEXED:
        op.drop_index(_index(name), table_name="agents")
    for table in _TABLES:
        for name in ("performance", "performance_score", "performance_level"):
            op.drop_column(table, name)


def _index(name: str) -> str:
    return op.f(f"ix_agents_tenant_id_{name}_agent_id")
