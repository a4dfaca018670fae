"""Records that were not accepted or were passed over, with their coordinates."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Table

from projections.models.base import METADATA, count, document, ident, moment, text

dead_letters: Final = Table(
    "dead_letters",
    METADATA,
    ident("event_id", key=True),
    ident("kind"),
    ident("step"),
    ident("reason"),
    text("detail"),
    ident("topic"),
    count("partition"),
    count("offset"),
    text("key"),
    text("value"),
    document("headers"),
    Column("truncated", Boolean, nullable=False),
    moment("at", nullable=False),
    Index(None, "at", "event_id"),
)
"""`kind` is ``dead_letter`` (from outside), ``skipped`` (by a step), ``untrusted`` (a record in
an internal topic that the projector refused) or ``discarded`` (either of the first two, since a
person said so); key and value are base64."""
