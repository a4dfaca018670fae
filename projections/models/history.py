"""What agents, findings and actions were, and from when to when."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table

from projections.models.action import actions
from projections.models.agent import agents
from projections.models.base import METADATA, moment
from projections.models.finding import findings
from projections.models.incident import incidents

OPEN: Final = 253_402_300_800.0
"""`valid_to` of what still holds: the year 10000. So the open interval has a key that is known."""


def _history(name: str, of: Table, *more: Index, without: tuple[str, ...] = ()) -> Table:
    key = [column.name for column in of.primary_key]
    copies = [
        Column(column.name, column.type, nullable=column.nullable)
        for column in of.c
        if column.name not in without
    ]
    return Table(
        name,
        METADATA,
        *copies,
        moment("valid_from", nullable=False),
        moment("valid_to", nullable=False),
        PrimaryKeyConstraint(*key, "valid_to"),
        Index(None, "valid_to"),
        *more,
        sqlite_with_rowid=False,
    )


agent_history: Final = _history(
    "agent_history",
    agents,
    without=("status_event", "health_event", "metrics", "last_seen"),
)
"""Without metrics, which the windows keep."""
finding_history: Final = _history(
    "finding_history",
    findings,
    Index(None, "tenant_id", "raised_at", "finding_id"),
    Index(None, "tenant_id", "agent_id", "raised_at", "finding_id"),
)
action_history: Final = _history(
    "action_history",
    actions,
    Index(None, "tenant_id", "created_at", "action_id"),
    Index(None, "tenant_id", "state", "created_at", "action_id"),
    Index(None, "tenant_id", "agent_id", "created_at", "action_id"),
)
incident_history: Final = _history(
    "incident_history",
    incidents,
    Index(None, "tenant_id", "opened_at", "incident_id"),
    Index(None, "tenant_id", "status", "opened_at", "incident_id"),
)

HISTORIES: Final = {
    agents: agent_history,
    findings: finding_history,
    actions: action_history,
    incidents: incident_history,
}
"""A table of what is to the table of what was.

One thing's intervals neither overlap nor leave a gap: one ends where the next begins, and the last
ends at `OPEN`. `updated_at` is the latest time of a fact that is in the row.
"""
