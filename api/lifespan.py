"""What runs beside the requests, from the server's start to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI

from api.audit.refusals import Refusals
from api.audit.trail import Trail
from api.idempotency.book import Book
from api.identity.following import Follower
from api.identity.tokens import Tokens
from api.live import LiveTail
from api.pulse import Pulse
from api.services import Services
from projections.database import open_database
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway
from streams.kafka.publisher import Publisher

_LOG: Final = logging.getLogger("homeostat.api")
THREADS: Final = 8
"""Questions to the database at once: as many as its pool of connections bears."""
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What requests and the tasks beside them share; nothing is connected yet."""

    database: str
    connection: Connection
    signer: Signer
    tokens: Tokens
    publisher: Publisher
    trail: Trail
    refusals: Refusals
    book: Book


def lifespan(parts: Parts, poll_s: float | None) -> Lifespan:
    """Return the lifespan of an application made of `parts`.

    Parameters
    ----------
    poll_s : float, optional
        Seconds between two looks of the live tail.
    """

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = THREADS
        engine = open_database(parts.database, read_only=True)
        live = LiveTail(engine) if poll_s is None else LiveTail(engine, poll_s)
        pulse = Pulse(engine, parts.connection)
        app.state.services = Services(
            engine, parts.publisher, parts.signer, live, pulse, parts.trail
        )
        app.state.follower = Follower(parts.tokens.ledger, parts.connection, parts.signer)
        tasks = _started(parts, app.state.follower)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await live.close()
            await pulse.close()
            parts.refusals.close()
            await parts.trail.close()
            await parts.book.close()
            await parts.publisher.stop()
            engine.dispose()

    return living


def _started(parts: Parts, follower: Follower) -> list[asyncio.Task[None]]:
    tasks = [
        asyncio.create_task(_open(parts.publisher), name="the first connection"),
        asyncio.create_task(follower.run(), name="following the tokens issued"),
        asyncio.create_task(parts.trail.run(), name="writing the audit trail"),
    ]
    for task in tasks:
        task.add_done_callback(_told)
    return tasks


async def _open(publisher: Publisher) -> None:
    """Connect beforehand, so that the first write need not wait; later ones try again."""
    try:
        await publisher.start()
    except BrokerAway as error:
        _LOG.warning("%s; the API answers reads, and tries again on the next write", error)


def _told(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _LOG.critical("%s has ended; start the API again", task.get_name(), exc_info=error)
