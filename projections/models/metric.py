"""Closed windows of metrics, by the minute and rolled up by the hour."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Double, Index, Table

from projections.models.base import METADATA, document, ident, moment


def _windows(name: str, *more: Column[float]) -> Table:
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


agent_windows: Final = _windows("agent_windows", moment("width_s", nullable=False))
"""Tumbling windows as surveillance closed them: one row an agent and window.

`metrics` holds by name ``[count, mean, minimum, maximum, last, expected low, expected high]``. Rows
lie in the order in which they came, and a fleet's come by the window: in the order of a key that
begins with the agent, each of them would be written into a page of its own.
"""
agent_hours: Final = _windows("agent_hours")
"""The same by the hour; one more value is the start of the latest window that is in it."""
