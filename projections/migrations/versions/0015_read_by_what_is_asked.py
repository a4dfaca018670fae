"""Actions by state and events by time are found in their order; agents by one or two letters."""

from __future__ import annotations

from alembic import op

from projections.models.agents_text import TERMS

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_BY_STATE = ["tenant_id", "state", "created_at", "action_id"]
_BY_SEQ = ["tenant_id", "seq", "time"]


def upgrade() -> None:
    _exchange("actions", ["tenant_id", "state"], _BY_STATE)
    _exchange("events", ["tenant_id", "seq"], _BY_SEQ)
    op.create_index(_named("action_history", _BY_STATE), "action_history", _BY_STATE)
    if op.get_bind().dialect.name == "sqlite":
        op.execute(TERMS)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE agents_text_terms")
    op.drop_index(_named("action_history", _BY_STATE), table_name="action_history")
    _exchange("events", _BY_SEQ, ["tenant_id", "seq"])
    _exchange("actions", _BY_STATE, ["tenant_id", "state"])


def _exchange(table: str, old: list[str], new: list[str]) -> None:
    op.drop_index(_named(table, old), table_name=table)
    op.create_index(_named(table, new), table, new)


def _named(table: str, columns: list[str]) -> str:
    return "_".join(("ix", table, *columns))
