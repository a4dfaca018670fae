"""Puts silences in force: on the permanent record, and into every inbox of those who act."""

from __future__ import annotations

from typing import Final

import msgspec

from streams.contracts.envelope import Event, decode_event, encode_event, outgoing
from streams.contracts.events.registry import data_of
from streams.contracts.events.silence import SilenceCreated
from streams.contracts.record import Position
from streams.contracts.topics import DECISIONS, SILENCES
from streams.contracts.trust import RecordKind, Signer
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader
from streams.kafka.publisher import Publisher

_LATEST: Final = 1000
"""Records that a process which died may not have told everybody of: it wrote one at a time."""


async def publish_silence(publisher: Publisher, signer: Signer, event: Event) -> Position:
    """Write `event` to the record of silences, then into every partition of the inbox.

    Parameters
    ----------
    event : Event
        A ``silence.created`` or ``silence.ended``.

    Returns
    -------
    Position
        Where it lies in the record.

    Raises
    ------
    PublishError
        If the broker did not acknowledge all of it. Written again it does no harm.
    """
    written = await publisher.publish([signer.sign(outgoing(event, SILENCES.name, 0))])
    await publisher.broadcast(DECISIONS.name, encode_event(event), signer, RecordKind.EVENT)
    return written[0]


async def ensure_silences(
    connection: Connection, publisher: Publisher, signer: Signer, now: float
) -> None:
    """Tell every inbox of the latest silences again.

    It mends what was interrupted between the record and the inboxes. Who knows a silence already,
    or that it is over, takes no notice. What was forged there is passed over: what is told again
    bears our signature.
    """
    for event in standing(await _latest(connection, signer), now):
        await publisher.broadcast(DECISIONS.name, encode_event(event), signer, RecordKind.EVENT)


def standing(events: list[Event], now: float) -> list[Event]:
    """Return what holds of `events`: silences that are not over, and ends."""
    over = {event.data.get("silence_id") for event in events if event.type != "silence.created"}
    return [
        event
        for event in events
        if event.type == "silence.ended"
        or (event.data.get("silence_id") not in over and _lasts(event, now))
    ]


def _lasts(event: Event, now: float) -> bool:
    if event.type != "silence.created":
        return False
    try:
        return data_of(event.data, SilenceCreated).ends_at > now
    except msgspec.ValidationError:
        return False  # of a later version: whoever wrote it will tell of it


async def _latest(connection: Connection, signer: Signer) -> list[Event]:
    async with LogReader(connection) as reader:
        ends = await reader.end_offsets([SILENCES.name])
        begins = await reader.beginning_offsets([SILENCES.name])
        place, end = next(iter(ends.items()))
        start = max(begins[place], end - _LATEST)
        if start >= end:
            return []
        batches = reader.read({place: start}, ends)
        told = [record.value async for batch in batches for record in batch if signer.told(record)]
        return [decode_event(value) for value in told]
