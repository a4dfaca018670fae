"""Opens a record of a fact topic: signature, envelope, version and data, in this order."""

from __future__ import annotations

import msgspec

from projections.rows import Seen
from streams.contracts.envelope import decode_event
from streams.contracts.errors import MalformedRecord, Untrusted
from streams.contracts.events.registry import event_type
from streams.contracts.record import Position, Record
from streams.contracts.telemetry import parse_time
from streams.contracts.trust import RecordKind, Signer
from streams.contracts.upcasters import upcast


def open_fact(record: Record, signer: Signer) -> Seen:
    """Return the fact that `record` holds, at the current version of its type.

    Raises
    ------
    ContractError
        Where it is forged, unsigned, or cannot be read.
    """
    if signer.kind_of(record) is not RecordKind.EVENT:
        raise Untrusted("unsigned_record", f"{record.topic} accepts signed events only")
    event = upcast(decode_event(record.value))
    try:
        data = msgspec.convert(event.data, event_type(event.type).data)
    except msgspec.ValidationError as error:
        raise MalformedRecord("invalid_data", f"{event.type}: {error}") from error
    return Seen(event, data, parse_time(event.time), record)


def source_position(seen: Seen) -> Position | None:
    """Return the inbox position that the fact was derived from; None where there is none.

    Raises
    ------
    MalformedRecord
        Where the event names one that cannot be read.
    """
    text = seen.event.position
    if not text:
        return None
    try:
        return Position.parse(text)
    except ValueError as error:
        detail = f"position is {text!r}; expected topic/partition/offset/index"
        raise MalformedRecord("malformed_position", detail) from error
