"""The log of facts, as the API and its live stream show it."""

from __future__ import annotations

from typing import Final

from projections.models import events
from projections.rows import Rows, Seen

WITHOUT: Final = frozenset({"metrics.windows_closed"})
"""Types at the rate of measurements; their rows are the metric tables."""
_BULKY: Final = {"record.dead_lettered": ("key", "value", "headers")}
"""Fields that the dead letters keep; the log of facts would carry them a second time."""


def append(rows: Rows, seen: Seen) -> None:
    """Add the fact to the log, unless it is a measurement."""
    event = seen.event
    if event.type in WITHOUT:
        return
    dropped = _BULKY.get(event.type, ())
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
