"""Follows the topic of tokens, so that what one process revokes, all refuse a moment later."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from api.identity.ledger import Ledger
from streams.contracts.errors import ContractError
from streams.contracts.record import Record
from streams.contracts.topics import TOKENS
from streams.contracts.trust import Signer
from streams.kafka.complaints import Complaints
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway, PositionLost, TopicError
from streams.kafka.log_reader import LogReader, Place

_LOG: Final = logging.getLogger("homeostat.api")
WAIT_MS: Final = 5_000
"""How long the broker holds an empty fetch; a new record ends the wait at once."""
PAUSE_S: Final = 1.0


class Follower:
    """Keeps a ledger as the log has it.

    While no broker answers, the ledger stays as it was: nothing can be revoked then, for whoever
    cannot reach the log cannot write to it either.

    Parameters
    ----------
    ledger : Ledger
        What is kept.
    connection : Connection
        The broker.
    signer : Signer
        Checks records.
    """

    def __init__(self, ledger: Ledger, connection: Connection, signer: Signer) -> None:
        self.ledger = ledger
        self._connection = connection
        self._signer = signer
        self._next = 0
        self._moved = asyncio.Event()
        self._following: bool | None = None
        self._complaints = Complaints(_LOG, logging.ERROR)

    async def run(self) -> None:
        """Follow for ever; a broker that is away is waited for."""
        try:
            while True:
                await self._follow_once()
        finally:
            # What is not followed cannot be known to be valid.
            self._forget()

    async def _follow_once(self) -> None:
        try:
            await self._follow()
        except PositionLost:
            _LOG.warning("the topic of tokens was made anew; reading it from its beginning")
            self._forget()
        except (BrokerAway, TopicError) as error:
            if self._following is not False:
                self._following = False
                _LOG.warning("tokens cannot be followed until the log is back: %s", error)
            await asyncio.sleep(PAUSE_S)

    def _forget(self) -> None:
        self.ledger.clear()
        self._next = 0

    async def reached(self, offset: int) -> None:
        """Return once the record at `offset` is taken in."""
        while self._next <= offset:
            await self._moved.wait()

    async def _follow(self) -> None:
        async with LogReader(self._connection, wait_ms=WAIT_MS) as reader:
            ends = await reader.end_offsets([TOKENS.name])
            ((place, end),) = ends.items()
            first = (await reader.beginning_offsets([TOKENS.name]))[place]
            if self._next > end:
                raise PositionLost(f"{TOKENS.name} ends at {end}, and was read up to {self._next}")
            self._next = max(self._next, first)
            await self._read(reader, place, ends)
            self.ledger.current = True
            if self._following is False:
                _LOG.info("tokens are followed again")
            self._following = True
            await self._read(reader, place, None)

    async def _read(self, reader: LogReader, place: Place, ends: dict[Place, int] | None) -> None:
        async for records in reader.read({place: self._next}, ends):
            for record in records:
                self._take(record)
            self._moved.set()
            self._moved = asyncio.Event()

    def _take(self, record: Record) -> None:
        try:
            self.ledger.fold(record, self._signer)
        except ContractError as error:
            # The projector lists it among the dead letters.
            told = f"{record.topic}/{record.offset} is no record of a token: {error}"
            self._complaints.tell(error.reason, told)
        self._next = record.offset + 1
