"""The commands topic, read from where this host left off.

What lies there is a command, an order to carry one out only while a dry run still says what was
approved, or the question what a command would do.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import msgspec

from processors.dead_letters import dead_letter
from processors.executors.services.ledger import replace_synced
from processors.step import Context, Emission, Sealer
from streams.contracts.envelope import Event, decode_event
from streams.contracts.errors import ContractError, MalformedRecord, Untrusted
from streams.contracts.events.action import CarryOut, Command, Preview
from streams.contracts.record import Outgoing, Record
from streams.contracts.topics import COMMANDS
from streams.contracts.trust import RecordKind, Signer
from streams.contracts.upcasters import upcast
from streams.kafka.complaints import Complaints
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway
from streams.kafka.log_reader import LogReader, Place

log = logging.getLogger(__name__)

_AGAIN_S: Final = 1.0
QUESTION: Final = "action.preview"
_ORDER: Final = "action.carry_out"
_KINDS: Final[dict[str, type[msgspec.Struct]]] = {QUESTION: Preview, _ORDER: CarryOut}


class Order(Command, frozen=True):
    """A command as this host takes it on; `exactly` is empty where it is bound to no dry run."""

    exactly: str = ""


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
        self._complaints = Complaints(log, logging.WARNING)

    async def follow(self) -> AsyncIterator[Event | list[Outgoing]]:
        """Yield events, and the records of dead letters, for ever; a broker away is waited for."""
        while True:
            try:
                async for item in self._read():
                    yield item
            except BrokerAway as error:
                self._complaints.tell("wait", f"commands wait: {error}")
                await asyncio.sleep(_AGAIN_S)

    async def _read(self) -> AsyncIterator[Event | list[Outgoing]]:
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
    """Return a command or a question that can be answered; an order as the command in it."""
    try:
        said = msgspec.convert(event.data, _KINDS.get(event.type, Command))
        uuid.UUID(event.id)  # the ids of what is reported on it follow from its own
    except (msgspec.ValidationError, ValueError) as error:
        detail = f"{event.type} {event.id!r}: {error}"
        raise MalformedRecord("malformed_command", detail) from error
    if not isinstance(said, CarryOut):
        return event
    data: dict[str, Any] = event.data["command"] | {"exactly": said.exactly}
    return msgspec.structs.replace(event, type=said.command.action, data=data)
