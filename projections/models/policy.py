"""Every policy ever in force."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from projections.models.base import METADATA, count, document, ident, moment, text

policies: Final = Table(
    "policies",
    METADATA,
    ident("event_id", key=True),
    count("version"),
    ident("hash"),
    document("policy"),
    ident("changed_by"),
    text("reason"),
    moment("changed_at", nullable=False),
    document("shipped", nullable=True),
    Index(None, "version"),
)
