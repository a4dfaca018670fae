"""Indexes in whose order a scrape counts agents and actions, and finds the agents that are worst.

Without them it reads every agent: 3 s of processor time with a million.
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_INDEXES = (
    ("agents", ("tenant_id", "type", "status", "health_level")),
    ("agents", ("health_score", "tenant_id", "agent_id")),
    ("actions", ("tenant_id", "action", "state", "outcome")),
)


def upgrade() -> None:
    for table, columns in _INDEXES:
        op.create_index(_named(table, columns), table, list(columns))


def downgrade() -> None:
    for table, columns in reversed(_INDEXES):
        op.drop_index(_named(table, columns), table)


def _named(table: str, columns: tuple[str, ...]) -> str:
    return f"ix_{table}_{'_'.join(columns)}"
