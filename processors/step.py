"""A step: reads one inbox, folds it into state, and says what facts come out.

A step is pure. It sees no clock, no random source, no broker and no file, so the same records
give the same facts whichever process folds them, in fetches of any size, today or in a replay.
Two shapes exist. The hot step (*surveillance*) folds whole fetches with vectors and implements
`Step` itself. All others work at the rate of news: they implement `decide` and `evolve` and
become a `Step` through `processors.fold.FoldStep`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from streams.contracts.envelope import (
    Event,
    derived_id,
    encode_data,
    outgoing,
    rfc3339,
    sequence_of,
)
from streams.contracts.events.registry import BY_DATA, EventType
from streams.contracts.record import Outgoing, Position, Record
from streams.contracts.topics import Topic
from streams.contracts.trust import RecordKind, Signer

S = TypeVar("S")


class Fact(NamedTuple):
    """What a step found to be true, before it has an id.

    Parameters
    ----------
    subject : str
        ``tenant/agent``.
    data : msgspec.Struct
        One of `streams.contracts.events`; its class decides type and topics.
    at : float
        The step's time, seconds since the epoch.
    correlation : str
        The finding, action or request that it belongs to.
    causation : str
        The id of the event that led to it; empty where plain telemetry did.
    kind : EventType or None
        Where the class alone does not decide the type.
    """

    subject: str
    data: msgspec.Struct
    at: float
    correlation: str = ""
    causation: str = ""
    kind: EventType | None = None


class Emission(NamedTuple):
    """Something to be written, and the inbox offset that it follows from.

    `item` is a fact, or a ready record (a forwarded heartbeat) that is signed as a forward
    from the record at `offset`.
    """

    offset: int
    item: Fact | Outgoing


class Context(NamedTuple):
    """Where a step stands: handed in, never looked up.

    Parameters
    ----------
    topic : str
        The inbox's name.
    partition : int
        The partition that this state belongs to.
    partitions : int
        How many partitions the inbox has.
    signer : Signer
        Checks what claims to be a control record.
    """

    topic: str
    partition: int
    partitions: int
    signer: Signer


class Step(Protocol[S]):
    """What the runtime, the replay and the benchmarks run.

    Attributes
    ----------
    name : str
        Part of every derived id; never changes.
    version : int
        Goes up with every change of behaviour; a cut-over is recorded per partition.
    inbox : Topic
        The one topic that it reads.
    writes : tuple of EventType
        Everything that it may emit.
    """

    name: str
    version: int
    inbox: Topic
    writes: tuple[EventType, ...]

    def initial(self, context: Context) -> S:
        """Return the state before the first record."""
        ...

    def apply(self, state: S, records: Sequence[Record]) -> list[Emission]:
        """Fold `records` (one partition, ascending) into `state`, in place; return what follows.

        Emissions are ordered by offset, and do not depend on how records were cut into fetches.
        """
        ...

    def dump(self, state: S) -> bytes:
        """Return `state` as bytes, for a snapshot. Equal states give equal bytes."""
        ...

    def load(self, context: Context, data: bytes) -> S:
        """Return the state that `data` holds."""
        ...

    def next_due(self, state: S) -> float | None:
        """Return when the earliest waiting timer is due (seconds since the epoch), if any."""
        ...


@dataclass(frozen=True, slots=True)
class Sealer:
    """Gives facts their ids and positions and turns them into signed records.

    Pure: the same emissions at the same coordinates give the same bytes.
    """

    step: str
    context: Context

    def seal(self, emissions: Sequence[Emission]) -> list[Outgoing]:
        """Return the records of `emissions`, in order; indices count up within one offset."""
        sealed: list[Outgoing] = []
        offset, index = -1, 0
        for emission in emissions:
            index = index + 1 if emission.offset == offset else 0
            offset = emission.offset
            position = Position(self.context.topic, self.context.partition, offset, index)
            if isinstance(emission.item, Outgoing):
                sealed.append(self._forward(emission.item, position))
            else:
                sealed.extend(self.fact(emission.item, position))
        return sealed

    def _forward(self, record: Outgoing, position: Position) -> Outgoing:
        origin = str(position).encode()
        return self.context.signer.sign(record, RecordKind.FORWARD, origin)

    def fact(self, fact: Fact, position: Position) -> list[Outgoing]:
        """Return the records of one fact, one for each topic of its type."""
        kind = fact.kind or BY_DATA[type(fact.data)]
        event = Event(
            id=derived_id(self.step, position),
            source=f"/steps/{self.step}",
            type=kind.name,
            subject=fact.subject,
            time=rfc3339(fact.at),
            tenant=fact.subject.partition("/")[0],
            data=encode_data(fact.data),
            dataschema=kind.dataschema,
            sequence=sequence_of(position),
            position=str(position),
            correlationid=fact.correlation,
            causationid=fact.causation,
        )
        first = outgoing(event, kind.to[0].name)
        return [self._signed(first, topic) for topic in kind.to]

    def _signed(self, record: Outgoing, topic: Topic) -> Outgoing:
        partition = 0 if topic.single else None
        return self.context.signer.sign(
            Outgoing(topic.name, record.key, record.value, record.headers, partition)
        )
