"""What an executor says of a command: events whose ids follow from the command's."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from streams.contracts.envelope import Event, outgoing, rfc3339
from streams.contracts.events.registry import BY_DATA
from streams.contracts.record import Outgoing
from streams.contracts.trust import Signer

Publish = Callable[[list[Outgoing]], Awaitable[None]]
"""Writes reports; returns when they are acknowledged."""


def report(
    command: Event, data: msgspec.Struct, host: str, at: float, signer: Signer
) -> list[Outgoing]:
    """Return the signed records of one report, one a topic.

    Parameters
    ----------
    command : Event
        What is reported on; the report's id is derived from its id, so a second copy is known.
    data : msgspec.Struct
        ActionClaimed, ActionVerified, ActionFinished or ActionPreviewed.
    at : float
        Seconds since the epoch: an executor lives in real time.
    """
    kind = BY_DATA[type(data)]
    plain: dict[str, Any] = msgspec.to_builtins(data)
    event = Event(
        id=str(uuid.uuid5(uuid.UUID(command.id), kind.name)),
        source=f"/executors/{host}",
        type=kind.name,
        subject=command.subject,
        time=rfc3339(at),
        tenant=command.tenant,
        data=plain,
        dataschema=kind.dataschema,
        correlationid=command.correlationid,
        causationid=command.id,
    )
    return [signer.sign(outgoing(event, t.name, 0 if t.single else None)) for t in kind.to]
