"""The windows of all agents, wherever they lie, in one order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select, union

from projections.models import agent_windows, window_blocks
from projections.rows import Row
from projections.windows.numbers import agents_of_block
from projections.windows.sections import windows_of_lane


def windows_of(connection: Connection) -> Iterator[Row]:
    """Give each agent's windows as a row: by tenant, and then by start and agent."""
    both = (select(table.c.tenant_id, table.c.start) for table in (window_blocks, agent_windows))
    starts = union(*both).subquery()
    order = select(starts).order_by(starts.c.tenant_id, starts.c.start)
    for tenant, start in connection.execute(order).all():
        rows = _by_agent(connection, tenant, start)
        for agent, windows in _in_blocks(connection, tenant, start):
            rows.setdefault(agent, {}).update(windows)
        for agent in sorted(rows):
            shared = {"tenant_id": tenant, "start": start, "agent_id": agent}
            yield shared | {"metrics": rows[agent]}


def _by_agent(connection: Connection, tenant: str, start: float) -> dict[str, dict[str, Any]]:
    c = agent_windows.c
    query = select(c.agent_id, c.metrics).where(c.tenant_id == tenant, c.start == start)
    return {row[0]: row[1] for row in connection.execute(query)}


def _in_blocks(
    connection: Connection, tenant: str, start: float
) -> Iterator[tuple[str, dict[str, Any]]]:
    b = window_blocks.c
    query = select(b.block, b.windows).where(b.tenant_id == tenant, b.start == start)
    for block, windows in connection.execute(query).all():
        for lane, agent in agents_of_block(connection, tenant, block).items():
            if found := windows_of_lane(windows, lane):
                yield agent, found
