"""Tells the ticker when a step next wants the time.

An announcement is bookkeeping of the runtime, not a fact: it has ids of its own, carries no
position, and is no part of what a replay compares.
"""

from __future__ import annotations

import uuid
from typing import Final

import msgspec

from processors.runtime.lane import Lane
from streams.contracts.envelope import Event, outgoing, rfc3339
from streams.contracts.events.registry import EVENT_TYPES
from streams.contracts.events.system import TimerSet
from streams.contracts.record import Outgoing, Record
from streams.contracts.topics import TIMERS

_NAMESPACE: Final = uuid.UUID("0d4c6a0e-7c39-5d0c-9b3d-2f6f3f0c51aa")


def announcement(lane: Lane, last: Record) -> Outgoing | None:
    """Return the `timer.set` that `lane` owes after folding `last`, if any.

    A due time is announced once. Where it is not earlier than one that still waits, the tick at
    that earlier one leads here again.
    """
    if lane.announced is not None and last.timestamp >= lane.announced:
        lane.announced = None
    due = lane.step.next_due(lane.state)
    if due is None or due == lane.announced_last:
        return None
    if lane.announced is not None and due >= lane.announced:
        return None
    lane.announced = lane.announced_last = due
    return lane.context.signer.sign(outgoing(_event(lane, last, due), TIMERS.name, 0))


def _event(lane: Lane, last: Record, due: float) -> Event:
    topic, partition = lane.place
    kind = EVENT_TYPES["timer.set"]
    return Event(
        id=str(uuid.uuid5(_NAMESPACE, f"{lane.step.name}/{topic}/{partition}/{last.offset}")),
        source="/runtime",
        type=kind.name,
        subject=f"default/{topic}",
        time=rfc3339(last.timestamp),
        tenant="default",
        data=msgspec.to_builtins(TimerSet(topic, partition, due)),
        dataschema=kind.dataschema,
    )
