"""The commands topic, read from where this host left off."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from processors.dead_letters import dead_letter
from processors.executors.services.ledger import replace_synced
from processors.step import Context, Emission, Sealer
from streams.contracts.envelope import Event, decode_event
from streams.contracts.errors import ContractError, MalformedRecord, Untrusted
from streams.contracts.events.action import Command
from streams.contracts.record import Outgoing, Record
from streams.contracts.topics import COMMANDS
from streams.contracts.trust import RecordKind, Signer
from streams.contracts.upcasters import upcast
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader, Place


class CommandLog:
    """Yields each trusted command with its offset; what is not trusted is a dead letter.

    Parameters
    ----------
    path : Path
        Where the next offset is kept.
    """

    def __init__(self, connection: Connection, signer: Signer, path: Path) -> None:
        self._connection = connection
        self._signer = signer
        self._path = path
        context = Context(COMMANDS.name, 0, 1, signer)
        self._sealer = Sealer("executor", context)

    async def follow(self) -> AsyncIterator[Event | list[Outgoing]]:
        """Yield events, and the records of dead letters, for ever."""
        place = Place(COMMANDS.name, 0)
        # One partition only: a long wait costs nothing, since new commands end it.
        async with LogReader(self._connection, wait_ms=5000) as reader:
            begin = (await reader.beginning_offsets([COMMANDS.name]))[place]
            async for batch in reader.read({place: max(begin, self._saved())}):
                for record in batch:
                    yield self._open(record)
                    # Saved after it was taken on: the journal of claims knows what is repeated.
                    replace_synced(self._path, str(record.offset + 1).encode())

    def _saved(self) -> int:
        try:
            return int(self._path.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return 0  # what was taken on before is known by the claims, or has expired

    def _open(self, record: Record) -> Event | list[Outgoing]:
        try:
            if self._signer.kind_of(record) is not RecordKind.EVENT:
                raise Untrusted("unsigned_command", "executors obey signed commands only")
            return _checked(upcast(decode_event(record.value)))
        except ContractError as error:
            return self._sealer.seal([Emission(record.offset, dead_letter(record, error))])


def _checked(event: Event) -> Event:
    try:
        msgspec.convert(event.data, Command)
        uuid.UUID(event.id)  # the ids of what is reported on it follow from its own
    except (msgspec.ValidationError, ValueError) as error:
        detail = f"{event.type} {event.id!r}: {error}"
        raise MalformedRecord("malformed_command", detail) from error
    return event
