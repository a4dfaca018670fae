"""Incidents, and which agents are in them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Table

from projections.models.base import METADATA, count, document, ident, moment, number, text
from projections.models.responses import responses

incidents: Final = Table(
    "incidents",
    METADATA,
    ident("incident_id", key=True),
    ident("tenant_id"),
    text("title"),
    ident("severity"),
    ident("status"),
    moment("since", nullable=False),
    moment("opened_at", nullable=False),
    moment("closed_at"),
    ident("close_reason"),
    ident("merged_into"),
    number("lasted_s"),
    document("root"),
    document("candidates"),
    document("members"),
    document("merged"),
    Column("coordinated", Boolean, nullable=False),
    count("agents"),
    count("findings"),
    count("open_findings"),
    Column("withheld", Boolean, nullable=False),
    *responses(),
    count("policy_version"),
    ident("event_id"),
    moment("updated_at", nullable=False),
    Index(None, "tenant_id", "opened_at", "incident_id"),
    Index(None, "tenant_id", "status", "opened_at", "incident_id"),
)
"""One row an incident, as it was last told; `merged` holds the ids of those that it took in."""

incident_agents: Final = Table(
    "incident_agents",
    METADATA,
    ident("incident_id", key=True),
    ident("agent_id", key=True),
    ident("tenant_id"),
    moment("joined_at", nullable=False),
    Index(None, "tenant_id", "agent_id", "incident_id"),
)
"""One row an agent that was ever listed in an incident."""
