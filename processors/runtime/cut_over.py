"""A step's change of version, put on record before the new version speaks."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from processors.runtime.lane import Lane
from streams.contracts.envelope import Event, outgoing, rfc3339
from streams.contracts.events.registry import EVENT_TYPES
from streams.contracts.events.system import StepCutOver
from streams.contracts.record import Outgoing, Record
from streams.contracts.topics import DEAD_LETTERS

SOURCE: Final = "/runtime"
_NAMESPACE: Final = uuid.UUID("6f1a2b0c-98a4-5b37-8f0e-0a4b9d1c7e52")


def cut(records: Sequence[Record], at: int) -> Iterator[Sequence[Record]]:
    """Give those of `records` before the offset `at`, and the others, where there are any."""
    before = sum(record.offset < at for record in records)
    yield from (piece for piece in (records[:before], records[before:]) if piece)


def cut_over(lane: Lane, first: Record) -> Outgoing | None:
    """Return the `step.cut_over` of a lane whose version begins to speak with `first`.

    It takes its time from that record, so that a worker that crosses again says the same again.
    """
    origin = lane.cut_over
    if origin is None:
        return None
    fact = StepCutOver(
        lane.step.name,
        *lane.place,
        origin.offset,
        origin.from_version,
        lane.step.version,
        carried=origin.carried,
        since=origin.since,
        reason=origin.reason,
    )
    event = _event(fact, first.timestamp)
    return lane.context.signer.sign(outgoing(event, DEAD_LETTERS.name, 0))


def _event(fact: StepCutOver, at: float) -> Event:
    kind = EVENT_TYPES["step.cut_over"]
    name = (
        f"{fact.step}/{fact.topic}/{fact.partition}/{fact.offset}/"
        f"{fact.from_version}/{fact.to_version}"
    )
    return Event(
        id=str(uuid.uuid5(_NAMESPACE, name)),
        source=SOURCE,
        type=kind.name,
        subject=f"default/{fact.step}",
        time=rfc3339(at),
        tenant="default",
        data=msgspec.to_builtins(fact),
        dataschema=kind.dataschema,
    )
