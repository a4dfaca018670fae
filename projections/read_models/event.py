"""The log of facts, as the API and its live stream show it."""

from __future__ import annotations

from typing import Final

from projections.models import events
from projections.rows import Rows, Seen

WITHOUT: Final = frozenset(
    {"metrics.windows_closed", "audit.recorded", "token.issued", "token.revoked"}
)
"""Windows come at the rate of measurements, and are rows of the metric tables; the audit trail and
tokens are shown to administrators only."""
BULKY: Final = dict.fromkeys(
    ("record.dead_lettered", "record.redriven", "record.redrive_refused"),
    ("key", "value", "headers"),
)
"""Fields that the dead letters keep; the log of facts would carry them a second time."""


def append(rows: Rows, seen: Seen) -> None:
    """Add the fact to the log, unless it is kept elsewhere."""
    event = seen.event
    if event.type in WITHOUT:
        return
    dropped = BULKY.get(event.type, ())
    rows.append(
        events,
        {
            "id": event.id,
            "type": event.type,
            "source": event.source,
            "subject": event.subject,
            "tenant_id": event.tenant,
            "time": seen.at,
            "data": {name: value for name, value in event.data.items() if name not in dropped},
            "correlation_id": event.correlationid,
            "causation_id": event.causationid,
            "topic": seen.record.topic,
            "partition": seen.record.partition,
            "offset": seen.record.offset,
        },
    )
