"""The audit trail, a row a record."""

from __future__ import annotations

from typing import Final

from projections.models import audit
from projections.read_models.typed import data_as
from projections.rows import Rows, Seen
from streams.contracts.events.access import AuditRecorded


def recorded(rows: Rows, seen: Seen) -> None:
    """Add the record."""
    data = data_as(seen, AuditRecorded)
    rows.append(
        audit,
        {
            "event_id": seen.event.id,
            "tenant_id": seen.event.tenant,
            "at": seen.at,
            "actor": data.actor,
            "role": data.role,
            "action": data.action,
            "resource": data.resource,
            "outcome": data.outcome,
            "level": data.level,
            "details": data.details,
            "writer": data.writer,
            "number": data.number,
            "previous": data.previous,
            "hash": data.hash,
        },
    )


FOLDS: Final = {"audit.recorded": recorded}
