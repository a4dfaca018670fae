"""PostgreSQL's index of texts keeps little that it has not sorted in.

Each search reads all of that, page by page: by default up to 4 MB, which took it longer than the
search itself.

References
----------
PostgreSQL documentation, "GIN Indexes", section "GIN Fast Update Technique".
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX ix_agents_text SET (gin_pending_list_limit = 64)")
        op.execute("SELECT gin_clean_pending_list('ix_agents_text')")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX ix_agents_text RESET (gin_pending_list_limit)")
