"""The windows of all agents, wherever they lie, in one order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select, union

from projections.models import agent_numbers, agent_windows, window_blocks
from projections.rows import Row
from projections.windows.blocks import SECTIONS
from projections.windows.sections import AGENTS, window_of


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
    b, n = window_blocks.c, agent_numbers.c
    query = select(b.block, b.windows).where(b.tenant_id == tenant, b.start == start)
    for block, windows in connection.execute(query).all():
        sections, first = SECTIONS(windows), block * AGENTS
        mine = (n.tenant_id == tenant) & (n.number >= first) & (n.number < first + AGENTS)
        for agent, number in connection.execute(select(n.agent_id, n.number).where(mine)):
            known = ((name, window_of(s, number - first)) for name, s in sections.items())
            if found := {name: window for name, window in known if window is not None}:
                yield agent, found
