"""Silences and maintenance windows, also those that are over."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Table

from projections.models.base import METADATA, document, ident, moment, text

silences: Final = Table(
    "silences",
    METADATA,
    ident("silence_id", key=True),
    ident("tenant_id"),
    document("matchers"),
    document("recurrence"),
    moment("starts_at", nullable=False),
    moment("ends_at", nullable=False),
    Column("maintenance", Boolean, nullable=False),
    text("reason"),
    ident("created_by"),
    moment("created_at", nullable=False),
    moment("ended_at"),
    ident("ended_by"),
    text("end_reason"),
    ident("refused"),
    ident("event_id"),
    Index(None, "tenant_id", "created_at", "silence_id"),
    Index(None, "tenant_id", "ends_at"),
)
"""One row a silence; `recurrence` is empty where it holds all the time."""
