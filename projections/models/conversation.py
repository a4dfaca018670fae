"""Conversations of AI agents: what was judged of them, and nothing of what was said."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Table

from projections.models.base import METADATA, count, document, ident, moment, number

conversations: Final = Table(
    "conversations",
    METADATA,
    ident("tenant_id", key=True),
    ident("agent_id", key=True),
    ident("conversation_id", key=True),
    moment("began_at", nullable=False),
    moment("last_at", nullable=False),
    count("messages"),
    count("answers"),
    number("quality"),
    document("faults"),
    document("leaks"),
    document("evidence"),
    number("latency_ms"),
    count("tokens"),
    ident("model"),
    Column("leaking", Boolean, nullable=False),
    moment("updated_at", nullable=False),
    Index(None, "tenant_id", "agent_id", "last_at", "conversation_id"),
    Index(None, "last_at"),
)
"""One row a conversation of an agent."""
