"""Makes the event of what somebody told us from its data alone: the registry knows the rest."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.contracts.envelope import API, Event, rfc3339
from streams.contracts.events.registry import BY_DATA


def told_event(
    data: msgspec.Struct, identity: str, subject: str, at: float, correlation: str
) -> Event:
    """Return an event of the API's.

    Parameters
    ----------
    subject : str
        Begins with the tenant.
    at : float
        When it was said, in seconds since the epoch.
    """
    kind = BY_DATA[type(data)]
    plain: dict[str, Any] = msgspec.to_builtins(data)
    return Event(
        id=identity,
        source=API,
        type=kind.name,
        subject=subject,
        time=rfc3339(at),
        tenant=subject.partition("/")[0],
        data=plain,
        dataschema=kind.dataschema,
        correlationid=correlation,
    )
