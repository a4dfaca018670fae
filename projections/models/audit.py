"""The audit trail, as administrators look things up in it; what proves it is the log."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from projections.models.base import METADATA, count, document, ident, moment

audit: Final = Table(
    "audit",
    METADATA,
    ident("event_id", key=True),
    ident("tenant_id"),
    moment("at", nullable=False),
    ident("actor"),
    ident("role"),
    ident("action"),
    ident("resource"),
    ident("outcome"),
    ident("level"),
    document("details"),
    ident("writer"),
    count("number"),
    ident("previous"),
    ident("hash"),
    Index(None, "at", "event_id"),
    Index(None, "tenant_id", "at", "event_id"),
)
"""Tenant ``*`` is the installation's own."""
