"""Closed windows of metrics, by the minute and rolled up by the hour."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Double, Index, Table

from projections.models.base import METADATA, count, ident, moment, number


def _windows(name: str, *values: Column[float]) -> Table:
    return Table(
        name,
        METADATA,
        ident("tenant_id", key=True),
        ident("agent_id", key=True),
        ident("metric", key=True),
        Column("start", Double, primary_key=True),
        count("count"),
        moment("mean", nullable=False),
        moment("minimum", nullable=False),
        moment("maximum", nullable=False),
        moment("last", nullable=False),
        number("expected_low"),
        number("expected_high"),
        *values,
        Index(None, "start"),
        sqlite_with_rowid=False,
    )


metric_windows: Final = _windows("metric_windows", moment("width_s", nullable=False))
"""Tumbling windows as surveillance closed them."""
metric_hours: Final = _windows("metric_hours", moment("last_start", nullable=False))
"""The same by the hour; `last_start` is the start of the latest window that is in it."""
