"""Claims keys on the log, and reads there what became of each claim.

Nothing is read while nobody uses keys: a claim is written, and the topic read up to it.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from typing import Final

from api.idempotency.ledger import Ledger, Verdict
from api.idempotency.naming import Named
from streams.contracts.envelope import outgoing
from streams.contracts.errors import ContractError
from streams.contracts.events.request import RequestClaimed, RequestSettled
from streams.contracts.events.told import told_event
from streams.contracts.record import Position, Record
from streams.contracts.topics import REQUESTS
from streams.contracts.trust import Signer
from streams.kafka.complaints import Complaints
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway, PositionLost
from streams.kafka.log_reader import LogReader, Place
from streams.kafka.publisher import Publisher

_LOG: Final = logging.getLogger("homeostat.api")
_PLACE: Final = Place(REQUESTS.name, 0)
_WAIT_MS: Final = 5
"""The record that is read for is there: a fetch that finds nothing only delays the next one."""


class Book:
    """All keys, as far as they were needed.

    Parameters
    ----------
    connection : Connection
        The broker, for reading.
    publisher : Publisher
        The log, for writing.
    signer : Signer
        Signs claims, and checks what is read.
    """

    def __init__(self, connection: Connection, publisher: Publisher, signer: Signer) -> None:
        self._connection = connection
        self._publisher = publisher
        self._signer = signer
        self._ledger = Ledger()
        self._reader: LogReader | None = None
        self._next = 0
        self._one_reading = asyncio.Lock()
        self._verdicts: dict[str, Verdict | None] = {}
        self._complaints = Complaints(_LOG, logging.ERROR)

    async def claim(self, named: Named, tenant: str) -> tuple[str, Verdict]:
        """Claim a request's key; return the claim's id, and what the log says to it.

        Raises
        ------
        PublishError
            If the log cannot be written or read now; the request must not be carried out.
        """
        claim = str(uuid.uuid4())
        self._verdicts[claim] = None
        try:
            place = await self._write(
                claim, tenant, RequestClaimed(named.key, named.fingerprint), claim
            )
            async with self._one_reading:
                if self._next <= place.offset:
                    await self._read_to(place.offset + 1)
            verdict = self._verdicts[claim]
        finally:
            del self._verdicts[claim]
        if verdict is None:
            raise BrokerAway(f"the claim at {place} cannot be read back")
        return claim, verdict

    async def settle(self, settled: RequestSettled, tenant: str) -> None:
        """Write what became of a claim.

        Raises
        ------
        PublishError
            If the broker did not acknowledge it; then the claim's lease has to run out.
        """
        await self._write(str(uuid.uuid4()), tenant, settled, settled.claim)

    async def close(self) -> None:
        """Disconnect."""
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.stop()

    async def _write(
        self, identity: str, tenant: str, data: RequestClaimed | RequestSettled, claim: str
    ) -> Position:
        event = told_event(data, identity, f"{tenant}/{data.key}", time.time(), claim)
        record = self._signer.sign(outgoing(event, REQUESTS.name, _PLACE.partition))
        (place,) = await self._publisher.publish([record])
        return place

    async def _read_to(self, end: int) -> None:
        try:
            await self._take_from_log(end)
        except PositionLost:
            _LOG.warning("the topic of requests was not read for long; reading all that is kept")
            self._ledger.clear()
            self._next = 0
            await self._take_from_log(end)
        except BrokerAway:
            await self.close()
            raise

    async def _take_from_log(self, end: int) -> None:
        reader = await self._connected()
        if self._next == 0:
            self._next = (await reader.beginning_offsets([REQUESTS.name]))[_PLACE]
        async for records in reader.read({_PLACE: self._next}, {_PLACE: end}):
            for record in records:
                self._take(record)

    async def _connected(self) -> LogReader:
        if self._reader is None:
            reader = LogReader(self._connection, wait_ms=_WAIT_MS)
            await reader.start()
            self._reader = reader
        return self._reader

    def _take(self, record: Record) -> None:
        try:
            told = self._ledger.fold(record, self._signer)
        except ContractError as error:
            self._complaints.tell(
                error.reason, f"{record.position} is no record of a request: {error}"
            )
            told = None
        self._next = record.offset + 1
        if told is not None and told[0] in self._verdicts:
            self._verdicts[told[0]] = told[1]
