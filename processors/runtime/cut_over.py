"""A step's change of version, put on record where the new version begins to speak."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from processors.runtime.lane import Lane
from streams.contracts.envelope import Event, outgoing, rfc3339
from streams.contracts.events.registry import EVENT_TYPES
from streams.contracts.events.system import StepCutOver
from streams.contracts.record import Outgoing, Record
from streams.contracts.topics import DEAD_LETTERS

_NAMESPACE: Final = uuid.UUID("6f1a2b0c-98a4-5b37-8f0e-0a4b9d1c7e52")


def cut_over(lane: Lane, records: Sequence[Record]) -> Outgoing | None:
    """Return the `step.cut_over` that belongs to `records`, just folded, if any.

    It belongs to the first record that the old version had not folded, and takes its time from
    that, so that a worker that folds it again says the same again.
    """
    if not lane.cut_over:
        return None
    version, _, offset = lane.cut_over.partition("@")
    begin = int(offset)
    if not records[0].offset <= begin <= records[-1].offset:
        return None
    first = next(record for record in records if record.offset >= begin)
    fact = StepCutOver(lane.step.name, *lane.place, begin, int(version), lane.step.version)
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
        source="/runtime",
        type=kind.name,
        subject=f"default/{fact.step}",
        time=rfc3339(at),
        tenant="default",
        data=msgspec.to_builtins(fact),
        dataschema=kind.dataschema,
    )
