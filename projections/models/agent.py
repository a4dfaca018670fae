"""Agents as they are now, and the intervals in which they were something else."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Double, Index, Table

from projections.models.base import METADATA, count, document, ident, moment, number, text

agents: Final = Table(
    "agents",
    METADATA,
    ident("tenant_id", key=True),
    ident("agent_id", key=True),
    ident("type"),
    ident("status"),
    moment("status_since"),
    ident("status_reason"),
    ident("status_event"),
    Column("provisional", Boolean, nullable=False),
    document("labels"),
    ident("health_level"),
    number("health_score"),
    count("consecutive_failures"),
    moment("health_since"),
    document("health_reasons"),
    ident("health_event"),
    ident("performance_level"),
    number("performance_score"),
    document("performance"),
    Column("security_score", Double, nullable=False, default=100.0),
    ident("security_level"),
    document("security_issues"),
    document("metrics"),
    moment("last_seen"),
    moment("registered_at", nullable=False),
    moment("updated_at", nullable=False),
    Index(None, "tenant_id", "status", "agent_id"),
    Index(None, "tenant_id", "health_level", "agent_id"),
    Index(None, "tenant_id", "type", "agent_id"),
    Index(None, "tenant_id", "security_score", "agent_id"),
    Index(None, "tenant_id", "performance_level", "agent_id"),
    Index(None, "tenant_id", "performance_score", "agent_id"),
    Index(None, "tenant_id", "type", "status", "health_level"),
    Index(None, "health_score", "tenant_id", "agent_id"),
)
"""One row an agent. `status_event` and `health_event` name the open rows of `status_history`."""

status_history: Final = Table(
    "status_history",
    METADATA,
    ident("event_id", key=True),
    ident("aspect", key=True),
    ident("tenant_id"),
    ident("agent_id"),
    ident("value"),
    number("score"),
    text("reason"),
    moment("valid_from", nullable=False),
    moment("valid_to"),
    Index(None, "tenant_id", "agent_id", "aspect", "valid_from"),
)
"""Intervals of validity; `aspect` is ``status`` or ``health``, an open one has no `valid_to`."""
