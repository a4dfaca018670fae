"""Windows of 64 agents lie in a row, by columns, as a row an agent was most of the disk.

Nothing is converted, so an upgrade takes no longer however much there is: windows by agent are read
where they lie, until they are as old as windows get.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent_numbers",
        _ident("tenant_id"),
        _ident("agent_id"),
        _whole("number"),
        sa.PrimaryKeyConstraint("tenant_id", "agent_id", name="pk_agent_numbers"),
    )
    op.create_index("ix_agent_numbers_tenant_id_number", "agent_numbers", ["tenant_id", "number"])
    _create(
        "window_blocks", _moment("width_s"), sa.Column("windows", sa.LargeBinary(), nullable=False)
    )
    _create("open_hours")


def downgrade() -> None:
    for name in ("open_hours", "window_blocks", "agent_numbers"):
        op.drop_table(name)


def _create(name: str, *more: sa.Column[Any]) -> None:
    op.create_table(
        name,
        _ident("tenant_id"),
        _whole("block"),
        _moment("start"),
        *more,
        sa.PrimaryKeyConstraint("tenant_id", "block", "start", name=f"pk_{name}"),
    )
    op.create_index(f"ix_{name}_start", name, ["start"])


def _ident(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(400), nullable=False)


def _whole(name: str) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, autoincrement=False, nullable=False)


def _moment(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=False)
