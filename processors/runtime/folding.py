"""Fold a batch into a lane; find and pass over the record that cannot be folded."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from processors.dead_letters import dead_letter
from processors.runtime.lane import Lane
from processors.step import Emission, Fact
from streams.contracts.errors import ContractError, Untrusted
from streams.contracts.events.system import RecordSkipped
from streams.contracts.record import Outgoing, Record
from streams.contracts.trust import RecordKind, Signer

log = logging.getLogger(__name__)

TRIES: Final = 3
"""How often a single record is tried before it is passed over."""
MAX_OUTPUT: Final = (4 << 20) - 4096
"""Bytes of an output that the topics of facts still take."""
_FROM_OUTSIDE: Final = frozenset({None, RecordKind.TELEMETRY, RecordKind.FORWARD})


class OutputTooLarge(ValueError):
    """A step made a record that no topic would take."""


def fold(lane: Lane, records: Sequence[Record]) -> list[Outgoing]:
    """Fold `records` and return what follows, sealed; the state is in doubt where it raises."""
    wanted = [r for r in records if r.offset not in lane.skipped] if lane.skipped else records
    emissions = lane.step.apply(lane.state, wanted)
    loud = [e for e in emissions if e.offset >= lane.silent_before] if emissions else emissions
    sealed = lane.sealer.seal(loud)
    for record in sealed:
        if len(record.value) > MAX_OUTPUT:
            detail = f"{len(record.value)} bytes for {record.topic}; at most {MAX_OUTPUT}"
            raise OutputTooLarge(detail)
    lane.next, lane.time = records[-1].offset + 1, records[-1].timestamp
    if lane.checkpoint_at is None:
        lane.checkpoint_at = records[0].timestamp
    return sealed


class Sieve:
    """Folds a batch that holds a poison record, by halves, and passes that record over.

    Parameters
    ----------
    lane : Lane
        Its state must be sound: the fold of everything before the batch.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self.dead_letters = 0
        self.skips = 0

    def fold(self, records: Sequence[Record]) -> list[Outgoing]:
        """Fold `records`, all but those that fail on their own; return what follows."""
        sound = self._lane.step.dump(self._lane.state)
        try:
            return fold(self._lane, records)
        except Exception as error:  # noqa: BLE001  a step may raise anything
            self._lane.state = self._lane.step.load(self._lane.context, sound)
            if len(records) == 1:
                return self._single(records[0], sound, error)
        half = len(records) // 2
        return self.fold(records[:half]) + self.fold(records[half:])

    def _single(self, record: Record, sound: bytes, error: Exception) -> list[Outgoing]:
        for _ in range(TRIES - 1):
            try:
                return fold(self._lane, [record])
            except Exception as again:  # noqa: BLE001  a step may raise anything
                error = again
                self._lane.state = self._lane.step.load(self._lane.context, sound)
        return self._pass_over(record, error)

    def _pass_over(self, record: Record, error: Exception) -> list[Outgoing]:
        log.error("%s cannot fold %s", self._lane.step.name, record.position, exc_info=error)
        self._lane.skipped.add(record.offset)
        self._lane.next = record.offset + 1
        self._lane.urgent = True
        outside = came_from_outside(record, self._lane.context.signer)
        self.dead_letters += outside
        self.skips += not outside
        if record.offset < self._lane.silent_before:
            return []
        made = dead_letter if outside else self._skip
        fact = made(record, ContractError("unhandled", repr(error)))
        return self._lane.sealer.seal([Emission(record.offset, fact)])

    def _skip(self, record: Record, error: ContractError) -> Fact:
        name = self._lane.step.name
        coordinates = (record.topic, record.partition, record.offset)
        data = RecordSkipped(name, *coordinates, error.reason, error.detail)
        return Fact(f"default/{name}", data, record.timestamp)


def came_from_outside(record: Record, signer: Signer) -> bool:
    """Say whether somebody else than a component of ours wrote what `record` says."""
    try:
        return signer.kind_of(record) in _FROM_OUTSIDE
    except Untrusted:
        return True
