"""Opens a record of a fact topic: signature, envelope, version and data, in this order."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from projections.rows import Seen
from streams.contracts.envelope import Event, decode_event
from streams.contracts.errors import MalformedRecord, Untrusted
from streams.contracts.events.agent import WindowsClosed
from streams.contracts.events.registry import event_type
from streams.contracts.record import Position, Record
from streams.contracts.telemetry import parse_time
from streams.contracts.topics import WINDOWS
from streams.contracts.trust import RecordKind, Signer
from streams.contracts.upcasters import upcast


class _Windows(Event, frozen=True, kw_only=True, tag_field="specversion", tag="1.0"):
    data: WindowsClosed  # type: ignore[assignment]  # read as its type, not as a dict


_WINDOWS: Final = event_type("metrics.windows_closed")
_windows: Final = msgspec.json.Decoder(_Windows).decode
_NUL: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


def open_fact(record: Record, signer: Signer) -> Seen:
    """Return the fact that `record` holds, at the current version of its type.

    Raises
    ------
    ContractError
        Where it is forged, unsigned, or cannot be read.
    """
    if signer.kind_of(record) is not RecordKind.EVENT:
        raise Untrusted("unsigned_record", f"{record.topic} accepts signed events only")
    if record.topic == WINDOWS.name and (closed := _closed(record)) is not None:
        return closed
    event = upcast(decode_event(storable(record.value)))
    try:
        data = msgspec.convert(event.data, event_type(event.type).data)
    except msgspec.ValidationError as error:
        raise MalformedRecord("invalid_data", f"{event.type}: {error}") from error
    return Seen(event, data, parse_time(event.time), record)


def _closed(record: Record) -> Seen | None:
    """Return windows that are spelt as today's are: read at once into their own type.

    They are most of what facts say, and their data is in no log of facts. Others are None.
    """
    try:
        event = _windows(storable(record.value) or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if event.type != _WINDOWS.name or event.dataschema != _WINDOWS.dataschema:
        return None
    return Seen(event, event.data, parse_time(event.time), record)


def storable(value: bytes | None) -> bytes | None:
    r"""Return JSON with U+FFFD where it has U+0000, which no text of PostgreSQL's can hold.

    Examples
    --------
    >>> storable(rb'["a\u0000b", "a\\u0000b"]')
    b'["a\\ufffdb", "a\\\\u0000b"]'
    """
    if value is None or b"\\u0000" not in value:
        return value
    return _NUL.sub(rb"\1\\ufffd", value)


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
