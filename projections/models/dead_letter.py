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
    ident("redrive_of"),
    ident("outcome"),
    moment("stamped"),
    Index(None, "at", "event_id"),
)
"""`kind` is ``dead_letter`` (from outside), ``skipped`` (by a step), ``untrusted`` (a record in
an internal topic that the projector refused), ``discarded`` (either of the first two, since a
person said so) or ``redriven`` (the first, sent in once more by a person). What came of that is the
`outcome`: ``readmitted``, or ``refused``, and then another letter says `redrive_of` this one.
`stamped` is when the record first came; key and value are base64."""
