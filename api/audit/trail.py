"""The audit trail of one process: everything in order, nothing lost while it lives.

What was sealed is written again, byte for byte, until the broker acknowledges it; readers drop
the copies. So an outage delays records, and a record that may or may not have been written before
it is neither missing nor there under two hashes.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from api.audit.chain import Chain, new_writer
from api.audit.record import Entry, Level, Outcome
from api.identity.roles import EVERY_TENANT
from streams.contracts.record import Outgoing
from streams.contracts.topics import AUDIT
from streams.contracts.trust import Signer
from streams.kafka.complaints import Complaints
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway, PublishError, TopicError
from streams.kafka.log_reader import LogReader
from streams.kafka.publisher import Publisher

_LOG: Final = logging.getLogger("homeostat.audit")
MOST_WAITING: Final = 1_000
"""Records that may wait for a broker; further ones are counted, and the count is a record."""
PAUSE_S: Final = 1.0
LAST_WORDS_S: Final = 2.0
"""How long the end of a process waits for what is not written yet."""
_BATCH: Final = 200


class _Waiting(NamedTuple):
    entry: Entry
    tried: asyncio.Future[None]
    needed: bool


class Trail:
    """Writes entries to the topic ``audit``, as one chain.

    Parameters
    ----------
    connection : Connection
        For looking where the topic ends when the chain begins.
    publisher : Publisher
        The log.
    part : str
        What writes: ``api``.
    """

    def __init__(
        self,
        connection: Connection,
        publisher: Publisher,
        signer: Signer,
        part: str = "api",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connection = connection
        self._publisher = publisher
        self._signer = signer
        self._part = part
        self._clock = clock
        self._chain: Chain | None = None
        self._waiting: deque[_Waiting] = deque()
        self._sealed: list[Outgoing] = []
        self._missed = 0
        self._wanted = asyncio.Event()
        self._complaints = Complaints(_LOG, logging.WARNING)

    async def before(self, entry: Entry) -> None:
        """Put `entry` on record before what it tells of is done.

        Raises
        ------
        PublishError
            If it could not be written; then what it tells of must not be done.
        """
        await self._put(entry, needed=True)

    def note(self, entry: Entry) -> asyncio.Future[None]:
        """Put `entry` on record as soon as may be; what is returned ends with the first try."""
        if len(self._waiting) < MOST_WAITING:
            return self._put(entry, needed=False)
        self._missed += 1
        dropped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        dropped.set_result(None)
        return dropped

    async def run(self) -> None:
        """Write for ever; costs nothing while there is nothing to write."""
        while True:
            await self._wanted.wait()
            if not await self._write():
                await asyncio.sleep(PAUSE_S)

    async def close(self) -> None:
        """Write what waits, once; say how much is lost where that fails."""
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                while self._wanted.is_set() and await self._write():
                    pass
        except TimeoutError:
            pass
        if lost := len(self._waiting) + len(self._sealed) + self._missed:
            _LOG.error("%d records of the audit trail could not be written", lost)

    def _put(self, entry: Entry, *, needed: bool) -> asyncio.Future[None]:
        tried: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        tried.add_done_callback(_seen)
        self._waiting.append(_Waiting(entry, tried, needed))
        self._wanted.set()
        return tried

    async def _write(self) -> bool:
        """Write what was sealed, and seal what waits; return whether the broker has it."""
        taken: list[_Waiting] = []
        try:
            if self._chain is None:
                self._chain = await self._opened()
            taken = self._seal(self._chain)
            await self._publisher.publish(self._sealed)
        except (PublishError, TopicError) as error:
            self._complaints.tell("waits", f"the audit trail waits: {error}")
            self._give_up(taken, error)
            return False
        self._sealed.clear()
        for waiting in taken:
            _settle(waiting.tried, None)
        if not self._waiting and not self._missed:
            self._wanted.clear()
        return True

    async def _opened(self) -> Chain:
        after = await last_on_topic(self._connection)
        chain = Chain(new_writer(self._part), after, self._clock(), self._signer)
        self._sealed.append(chain.first)
        return chain

    def _seal(self, chain: Chain) -> list[_Waiting]:
        taken = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
        if self._missed:
            self._sealed.append(chain.seal(_missing(self._missed, self._clock())))
            self._missed = 0
        self._sealed += [chain.seal(waiting.entry) for waiting in taken]
        return taken

    def _give_up(self, taken: list[_Waiting], error: Exception) -> None:
        """Let nobody wait any longer; what is not sealed and was needed is withdrawn."""
        why = error if isinstance(error, PublishError) else BrokerAway(str(error))
        for waiting in (*taken, *self._waiting):
            _settle(waiting.tried, why if waiting.needed else None)
        self._waiting = deque(waiting for waiting in self._waiting if not waiting.needed)
        if not (self._waiting or self._sealed or self._missed):
            self._wanted.clear()


async def last_on_topic(connection: Connection) -> str:
    """Return the SHA-256 of the last record of the topic; empty where there is none.

    Raises
    ------
    BrokerAway
        If no broker answers.
    TopicError
        If there is no such topic.
    """
    async with LogReader(connection) as reader:
        first = await reader.beginning_offsets([AUDIT.name])
        ends = await reader.end_offsets([AUDIT.name])
        ((place, end),) = ends.items()
        if end == first[place]:
            return ""
        async for records in reader.read({place: end - 1}, ends):
            return hashlib.sha256(records[-1].value or b"").hexdigest()
    return ""


def _missing(count: int, at: float) -> Entry:
    return Entry(
        at, "homeostat", "", EVERY_TENANT, "audit.missed", AUDIT.name, Outcome.FAILED,
        Level.CRITICAL, {"records": str(count)},
    )  # fmt: skip


def _settle(tried: asyncio.Future[None], error: Exception | None) -> None:
    if tried.done():
        return
    if error is None:
        tried.set_result(None)
    else:
        tried.set_exception(error)


def _seen(tried: asyncio.Future[None]) -> None:
    if not tried.cancelled():
        tried.exception()
