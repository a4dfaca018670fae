"""How far the projections are; written in the transaction that writes the rows."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Table

from projections.models.base import METADATA, count, ident, moment

positions: Final = Table(
    "positions",
    METADATA,
    ident("projection", key=True),
    ident("topic", key=True),
    count("partition", key=True),
    count("next_offset"),
    moment("record_time", nullable=False),
    moment("updated_at", nullable=False),
)
"""The offset to read next. `record_time` is the newest record's timestamp, `updated_at` the
clock's when the row was written."""

marks: Final = Table(
    "marks",
    METADATA,
    ident("topic", key=True),
    count("partition", key=True),
    ident("source", key=True),
    ident("source_topic", key=True),
    count("source_partition", key=True),
    count("offset"),
    count("ordinal"),
)
"""The highest source position seen in a partition of a fact topic: what is not above it was seen.

The partition that is *read* is part of the key: one source writes to many topics and partitions,
and those are read at different speeds.
"""

epochs: Final = Table(
    "epochs",
    METADATA,
    ident("projection", key=True),
    count("epoch"),
    ident("owner"),
    moment("since", nullable=False),
)
"""Who may write: a writer whose epoch is no longer this one has been replaced."""

counters: Final = Table(
    "counters",
    METADATA,
    ident("name", key=True),
    ident("label", key=True),
    count("value"),
)
