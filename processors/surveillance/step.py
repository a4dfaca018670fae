"""The hot step: heartbeats in; presence, windows, findings and health out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from config.policy import default_policy
from processors.dead_letters import dead_letter
from processors.migrations import Migration
from processors.parts import Part, Raw, in_parts
from processors.step import Context, Emission
from processors.surveillance import (
    clocks,
    company,
    control,
    conversations,
    interruption,
    performance,
    snapshot,
    threats,
    usual,
    windows,
)
from processors.surveillance.admission import admit
from processors.surveillance.batch import Batch
from processors.surveillance.migrations import MIGRATIONS
from processors.surveillance.state import SurveillanceState, new_state
from streams.contracts.errors import ContractError
from streams.contracts.events.registry import EVENT_TYPES, EventType
from streams.contracts.record import Record
from streams.contracts.telemetry import decode_tick
from streams.contracts.topics import TELEMETRY, Topic
from streams.contracts.trust import RecordKind

_AT_ONCE: Final = 512
"""Records decoded at once: so few that what is made of them stays in a core's cache."""
_WRITES: Final = (
    "agent.registered",
    "agent.registration_requested",
    "agent.labelled",
    "agent.status_changed",
    "agent.transition_refused",
    "agent.health_changed",
    "agent.security_changed",
    "agent.performance_changed",
    "conversation.assessed",
    "metrics.windows_closed",
    "finding.raised",
    "finding.changed",
    "finding.ended",
    "record.dead_lettered",
    "record.readmitted",
    "record.redrive_refused",
)


class Surveillance:
    """A `Step` over the inbox of telemetry.

    Heartbeats are gathered into batches and folded as vectors; whatever acts on more than one
    agent (a tick, an event, the end of a window, new labels) ends a batch first. So the facts
    do not depend on how the log was cut into fetches.
    """

    def __init__(self) -> None:
        self.name = "surveillance"
        self.version = 7
        self.migrations: Mapping[int, Migration] = MIGRATIONS
        self.inbox: Topic = TELEMETRY
        self.writes: tuple[EventType, ...] = tuple(EVENT_TYPES[name] for name in _WRITES)

    def initial(self, context: Context) -> SurveillanceState:
        """Return the state before the first record, under the policy that ships."""
        return new_state(context, default_policy())

    def apply(self, state: SurveillanceState, records: Sequence[Record]) -> list[Emission]:
        """Fold `records` into `state`; see `Step.apply`."""
        emissions: list[Emission] = []
        batch = Batch()
        for first in range(0, len(records), _AT_ONCE):
            _gather(state, batch, records[first : first + _AT_ONCE], emissions)
        return emissions + batch.flush(state)

    def dump(self, state: SurveillanceState) -> bytes:
        """Return `state` as bytes, for a snapshot."""
        return snapshot.dump(state)

    def parts(self, state: SurveillanceState) -> dict[str, Part]:
        """Return `state` in parts; see `processors.parts.Parted`."""
        return snapshot.parts(state)

    def load(self, context: Context, data: bytes) -> SurveillanceState:
        """Return the state that `data` holds."""
        return snapshot.load(context, in_parts(data))

    def assemble(self, context: Context, parts: Mapping[str, Raw]) -> SurveillanceState:
        """Return the state of which `parts` are."""
        return snapshot.load(context, parts)

    def next_due(self, state: SurveillanceState) -> float | None:
        """Return when the earliest threshold may have held long enough, if one waits."""
        return None if math.isinf(state.pending_from) else state.pending_from


def _gather(
    state: SurveillanceState, batch: Batch, records: Sequence[Record], out: list[Emission]
) -> None:
    """Put records into `batch`; `out` takes what follows from those that end one."""
    said = usual.read(state, records)
    place = -1
    while (place := usual.take(state, batch, records, said, place + 1)) < len(records):
        record = records[place]
        try:
            _take(state, batch, record, out)
        except ContractError as error:
            if threats.addressee(state, record) is not None:
                out += batch.flush(state)
                batch.early += threats.refused(state, record, error.reason)
            batch.early.append(Emission(record.offset, dead_letter(record, error)))


def _take(state: SurveillanceState, batch: Batch, record: Record, out: list[Emission]) -> None:
    """Fold one record; `out` takes what follows at once, `batch` the rest."""
    kind = state.context.signer.kind_of(record) if record.headers else None
    is_tick = kind is RecordKind.TICK
    now = decode_tick(record.value or b"") if is_tick else record.timestamp
    if now > state.time:
        if interruption.is_one(state, now):
            out += batch.flush(state)
            interruption.pass_over(state)
        state.time = now
        if windows.is_over(state):
            out += batch.flush(state)
            out += performance.close(state, record.offset)
            closed = clocks.close(state, record.offset) + company.close(state, record.offset)
            closed += windows.close(state, record.offset)
            out += closed + threats.follow(state, record.offset, closed)
            out += conversations.close(state, record.offset)
    if is_tick:
        out += batch.flush(state)
        out += control.on_tick(state, record.offset)
    elif kind is RecordKind.EVENT:
        out += batch.flush(state)
        out += control.on_event(state, record)
    else:
        admit(state, batch, record, kind, out)
