"""Every fact but measurements, in the order in which it became visible."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Table, UniqueConstraint

from projections.models.base import BIG, METADATA, count, document, ident, moment

events: Final = Table(
    "events",
    METADATA,
    Column("seq", BIG, primary_key=True, autoincrement=True),
    ident("id"),
    ident("type"),
    ident("source"),
    ident("subject"),
    ident("tenant_id"),
    moment("time", nullable=False),
    document("data"),
    ident("correlation_id"),
    ident("causation_id"),
    ident("topic"),
    count("partition"),
    count("offset"),
    UniqueConstraint("id"),
    Index(None, "tenant_id", "seq", "time"),
    Index(None, "subject", "seq"),
    Index(None, "type", "seq"),
    Index(None, "correlation_id"),
    sqlite_autoincrement=True,
)
"""Append-only; `seq` is what a live stream resumes after. Windows and ticks are not in it."""
