"""Closed windows of metrics, by the minute and rolled up by the hour."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Double, Index, LargeBinary, Table

from projections.models.base import METADATA, count, document, ident, moment

agent_numbers: Final = Table(
    "agent_numbers",
    METADATA,
    ident("tenant_id", key=True),
    ident("agent_id", key=True),
    count("number"),
    Index(None, "tenant_id", "number"),
)
"""Where the windows of an agent lie: `number` modulo 64 is its place in block `number` // 64."""
window_blocks: Final = Table(
    "window_blocks",
    METADATA,
    ident("tenant_id", key=True),
    count("block", key=True),
    Column("start", Double, primary_key=True),
    moment("width_s", nullable=False),
    Column("windows", LargeBinary, nullable=False),
    Index(None, "start"),
)
"""Tumbling windows as surveillance closed them: one row a block of agents and window.

`windows` is MessagePack: by metric a section, see `projections.windows.sections`. Rows lie in the
order in which they came, and a fleet's come by the window: in the order of the key, each of them
would be written into a page of its own.
"""
open_hours: Final = Table(
    "open_hours",
    METADATA,
    ident("tenant_id", key=True),
    count("block", key=True),
    Column("start", Double, primary_key=True),
    Index(None, "start"),
)
"""Hours of blocks whose minutes are not added up yet."""


def _by_agent(name: str, *more: Column[float]) -> Table:
    return Table(
        name,
        METADATA,
        ident("tenant_id", key=True),
        ident("agent_id", key=True),
        Column("start", Double, primary_key=True),
        *more,
        document("metrics"),
        Index(None, "start"),
    )


agent_windows: Final = _by_agent("agent_windows", moment("width_s", nullable=False))
"""Windows that versions before the blocks wrote: read until they expire, and never written.

`metrics` holds by name ``[count, mean, minimum, maximum, last, expected low, expected high]``.
"""
agent_hours: Final = _by_agent("agent_hours")
"""The same by the hour; one more value is the start of the latest window that is in it."""
