"""Agents are found by trigrams of their text, lists in the order of their pages."""

from __future__ import annotations

from alembic import op

from projections.models.agents_text import POSTGRESQL, SQLITE

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ORDERED = {
    "agents": (("status", "agent_id"), ("health_level", "agent_id"), ("type", "agent_id")),
    "findings": (("agent_id", "raised_at", "finding_id"),),
    "finding_history": (("agent_id", "raised_at", "finding_id"),),
    "actions": (("agent_id", "created_at", "action_id"),),
    "action_history": (("agent_id", "created_at", "action_id"),),
}
"""The columns that follow on the tenant."""


def upgrade() -> None:
    op.drop_index("ix_agents_tenant_id_status", table_name="agents")
    for table, columns in _indexes():
        op.create_index(_named(table, columns), table, columns)
    statements: tuple[str, ...] = SQLITE
    if op.get_bind().dialect.name != "sqlite":
        # A row that is measured again stays on its page, and then no index is touched.
        statements = (*POSTGRESQL, "ALTER TABLE agents SET (fillfactor = 50)")
    for statement in statements:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for trigger in ("enter", "leave", "change"):
            op.execute(f"DROP TRIGGER agents_text_{trigger}")
        op.execute("DROP TABLE agents_text")
    else:
        op.execute("DROP INDEX ix_agents_text")
        op.execute("DROP FUNCTION agents_trigrams")
        op.execute("ALTER TABLE agents RESET (fillfactor)")
    for table, columns in _indexes():
        op.drop_index(_named(table, columns), table_name=table)
    op.create_index("ix_agents_tenant_id_status", "agents", ["tenant_id", "status"])


def _indexes() -> list[tuple[str, list[str]]]:
    return [(table, ["tenant_id", *rest]) for table, some in _ORDERED.items() for rest in some]


def _named(table: str, columns: list[str]) -> str:
    return "_".join(("ix", table, *columns))
