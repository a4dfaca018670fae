"""Records that were refused once, and that a person sends in once more.

A redrive is late, and trains nothing. The record is held against today's policy as if it came with
the signature and the broker's stamp that it had. Where it is acceptable, its agent is registered
and introduced by what it says of itself, unless a later record said something else. Its values
reach no window, no threshold and no detector, and it is no sign of life: status, health and
findings stay as they are. Where it is not, a new dead letter refers to the first. Nobody but a
person redrives, so there is no loop.
"""

from __future__ import annotations

import base64
from typing import Final, NamedTuple

from processors.step import Emission, Fact
from processors.surveillance import admission, forward, registry
from processors.surveillance.batch import Batch
from processors.surveillance.state import SurveillanceState
from streams.contracts.envelope import Event
from streams.contracts.errors import ContractError, MalformedRecord
from streams.contracts.events.system import RecordReadmitted, RecordRedriven, RedriveRefused
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Record
from streams.contracts.telemetry import Heartbeat, decode_heartbeat
from streams.contracts.trust import RecordKind, Signer

KEPT: Final = 1000
"""Redrives that a partition remembers, so that each letter is redriven once."""
_MARK: Final = "redriven|"


class Opened(NamedTuple):
    """A refused heartbeat: `forwarded_at` is when it was measured, where it came as a forward."""

    heartbeat: Heartbeat
    trusted: bool
    forwarded_at: float | None = None


def redriven(
    state: SurveillanceState, record: Record, event: Event, data: RecordRedriven
) -> list[Emission]:
    """Return what follows from `event` in `record`; nothing from a second one of a letter."""
    offset = record.offset
    if not _is_first(state, offset, data.letter_id):
        return []
    try:
        original = original_of(data)
        opened = open_heartbeat(original, state.context.signer)
        emissions = _take_in(state, original, opened, record)
    except ContractError as error:
        return [_told(state, offset, event, _refused(data, error))]
    readmitted = RecordReadmitted(data.letter_id, opened.heartbeat.key)
    return [*emissions, _told(state, offset, event, readmitted)]


def subject_of(data: RecordRedriven, signer: Signer) -> str:
    """Return whose record it is, ``tenant/agent``: under that key it comes to its home partition.

    What cannot be read, or says more than it may, belongs to the installation; it will be refused.
    """
    try:
        opened = open_heartbeat(original_of(data), signer)
        if not opened.trusted:
            admission.check_rights(opened.heartbeat)
    except ContractError:
        return f"default/{data.topic}"
    return opened.heartbeat.key


def original_of(data: RecordRedriven) -> Record:
    """Return the record as it first came.

    Raises
    ------
    MalformedRecord
        Where its bytes are no base64.
    """
    try:
        key, value = base64.b64decode(data.key), base64.b64decode(data.value)
        headers = tuple((name, base64.b64decode(content)) for name, content in data.headers)
    except ValueError as error:
        raise MalformedRecord("malformed_event", f"record.redriven: {error}") from error
    place = data.topic, data.partition, data.offset
    return Record(*place, data.stamped, key or None, value, headers)


def open_heartbeat(record: Record, signer: Signer) -> Opened:
    """Return the heartbeat of a record of the telemetry topic, fully checked.

    Raises
    ------
    ContractError
        Where it is forged, not well formed, or something else than a heartbeat.
    """
    kind = signer.kind_of(record)
    if kind is None or kind is RecordKind.TELEMETRY:
        return Opened(decode_heartbeat(record.value), kind is not None)
    inner = forward.open_forward(record, {}) if kind is RecordKind.FORWARD else None
    if inner is None:
        raise MalformedRecord("not_redrivable", f"the record is a {kind}, not a heartbeat")
    return Opened(decode_heartbeat(bytes(inner.heartbeat)), inner.trusted, inner.at)


def _take_in(
    state: SurveillanceState, original: Record, opened: Opened, record: Record
) -> list[Emission]:
    heartbeat = opened.heartbeat
    if not opened.trusted:
        admission.check_rights(heartbeat)
    at = _measured_at(state, original, opened)
    batch, out = Batch(), list[Emission]()
    slot = state.slots.get(heartbeat.key)
    if slot is None:
        _check_home(state, heartbeat.key)
        slot = admission.newcomer(state, batch, record, heartbeat)
    elif state.profile(slot).gone:
        raise admission.decommissioned(state.profile(slot))
    else:
        registry.check_room(state, slot, heartbeat.metrics)
    admission.introduce(state, batch, record, heartbeat, slot, at, out)
    return out + batch.flush(state)


def _measured_at(state: SurveillanceState, original: Record, opened: Opened) -> float:
    if opened.forwarded_at is not None:
        return opened.forwarded_at
    given = opened.heartbeat.at
    return original.timestamp if given is None else admission.time_of(state, given, original, {})


def _check_home(state: SurveillanceState, key: str) -> None:
    home = partition_for(key.encode(), state.context.partitions)
    if home != state.context.partition:
        detail = f"{key} is at home in partition {home}, not in {state.context.partition}"
        raise MalformedRecord("foreign_partition", detail)


def _is_first(state: SurveillanceState, offset: int, letter: str) -> bool:
    """Say whether `letter` was not redriven before, and remember it."""
    if _MARK + letter in state.seen:
        return False
    state.seen[_MARK + letter] = (offset, 0)
    marks = [name for name in state.seen if name.startswith(_MARK)]
    if len(marks) > KEPT:
        del state.seen[min(marks, key=lambda name: state.seen[name])]
    return True


def _refused(data: RecordRedriven, error: ContractError) -> RedriveRefused:
    return RedriveRefused(
        letter_id=data.letter_id,
        reason=error.reason,
        detail=error.detail,
        topic=data.topic,
        partition=data.partition,
        offset=data.offset,
        stamped=data.stamped,
        key=data.key,
        value=data.value,
        headers=data.headers,
    )


def _told(
    state: SurveillanceState, offset: int, event: Event, data: RecordReadmitted | RedriveRefused
) -> Emission:
    correlation = event.correlationid or event.id
    return Emission(offset, Fact(event.subject, data, state.time, correlation, event.id))
