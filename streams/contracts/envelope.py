"""Events and commands: CloudEvents 1.0 in structured JSON mode.

Beyond the standard's attributes each carries ``tenant``, ``sequence`` (ascending per subject),
``correlationid`` (the finding or request that began it), ``causationid`` (the event it follows
from), ``position`` (the inbox record it was derived from) and ``dataschema`` (name and version).

Source: CloudEvents Specification 1.0.2 (CNCF); UUID version 5 of RFC 9562.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from functools import lru_cache
from typing import Any, Final, cast

import msgspec

from streams.contracts.errors import MalformedRecord
from streams.contracts.record import Outgoing, Position

_NAMESPACE: Final = uuid.UUID("5f0f3cf6-8c9d-5c4e-9a43-3f2b0c2d6a11")
CONTENT: Final = (("content-type", b"application/cloudevents+json"),)
"""The header of every record that holds an event."""

SCHEMAS: Final = "homeostat:/schemas/"
"""Before the name and version of a schema: a URI, as the standard wants it, that names and does not
locate. Old records have it without the scheme: a reference, which some readers refuse."""

API: Final = "/api"
"""The source of what people and their programs ask for."""


class Event(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    kw_only=True,
    tag_field="specversion",
    tag="1.0",
):
    """One event or command; `specversion` is always written, and may be missing in old records.

    Old records have a `dataschema` without scheme, too; `decode_event` puts it before.

    Parameters
    ----------
    id : str
        Derived from what was read (see `derived_id`), or a random UUID for what people cause.
    source : str
        ``/steps/surveillance``, ``/executors/HOST``, ``/api``.
    type : str
        Past tense for events (``agent.status_changed``), imperative for commands
        (``service.restart``).
    subject : str
        ``tenant/agent``.
    time : str
        RFC 3339, UTC, microseconds: the step's time, not the clock's.
    data : dict
        What happened, in the shape of its type (`streams.contracts.events`).
    position : str
        ``topic/partition/offset/index``; empty for what people cause.
    """

    id: str
    source: str
    type: str
    subject: str
    time: str
    tenant: str
    data: dict[str, Any]
    dataschema: str
    datacontenttype: str = "application/json"
    sequence: str = ""
    position: str = ""
    correlationid: str = ""
    causationid: str = ""


_decoder = msgspec.json.Decoder(Event)
# Sorted keys at every level: the same fact is the same bytes on every machine.
_encoder = msgspec.json.Encoder(order="deterministic")
_data_encoder = msgspec.json.Encoder(order="sorted")


def derived_id(step: str, position: Position) -> str:
    """Return the id of the fact that `step` derives from `position`.

    Examples
    --------
    >>> derived_id("decision", Position("decisions", 0, 7, 1))
    'ba225fb5-07ed-5567-ba82-34164bb372d9'
    """
    name = f"{step}/{position}".encode()
    return _uuid5(hashlib.sha1(_NAMESPACE.bytes + name, usedforsecurity=False).hexdigest())


def _uuid5(digest: str) -> str:
    # uuid.uuid5 gives the same, at four times the cost; a fleet's first minute derives millions.
    variant = "89ab"[int(digest[16], 16) & 3]
    parts = digest[:8], digest[8:12], "5" + digest[13:16], variant + digest[17:20], digest[20:32]
    return "-".join(parts)


def sequence_of(position: Position) -> str:
    """Return a sequence that sorts as text in the order of the source partition."""
    return f"{position.offset:019d}.{position.ordinal:05d}"


@lru_cache(maxsize=256)
def rfc3339(at: float) -> str:
    """Return seconds since the epoch as RFC 3339 in UTC with microseconds.

    Examples
    --------
    >>> rfc3339(0.5)
    '1970-01-01T00:00:00.500000Z'
    """
    moment = dt.datetime.fromtimestamp(at, dt.UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def encode_event(event: Event) -> bytes:
    """Return the canonical JSON of `event`."""
    return _encoder.encode(event)


def encode_data(data: msgspec.Struct) -> dict[str, Any]:
    """Return what stands in `Event.data` for the dict of `data` where the event is written only.

    It is the canonical JSON itself: an event that goes to several topics is spelt once.
    """
    return cast(dict[str, Any], msgspec.Raw(_data_encoder.encode(data)))


def decode_event(value: bytes | None) -> Event:
    """Return the event that `value` spells.

    Raises
    ------
    MalformedRecord
        Where it is not a CloudEvent of ours.
    """
    try:
        event = _decoder.decode(value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRecord("malformed_event", str(error)) from error
    if event.dataschema.startswith("/"):
        scheme, _, _ = SCHEMAS.partition("/")
        return msgspec.structs.replace(event, dataschema=scheme + event.dataschema)
    return event


def respelt(value: bytes) -> bytes:
    """Return an event's JSON as it is written today; what is none stays as it is.

    Examples
    --------
    >>> respelt(b"no event")
    b'no event'
    """
    try:
        return encode_event(decode_event(value))
    except MalformedRecord:
        return value


def outgoing(event: Event, topic: str, partition: int | None = None) -> Outgoing:
    """Return `event` as a record for `topic`, keyed by its subject."""
    return Outgoing(topic, event.subject.encode(), encode_event(event), CONTENT, partition)
