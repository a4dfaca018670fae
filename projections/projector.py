"""The projector: reads the log as it grows, and keeps the views."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy.exc import OperationalError

from config.settings import Settings
from projections.database import open_database
from projections.feed import open_feed, places
from projections.migrations import prepare
from projections.views import Replaced, Views
from streams.contracts.record import Record
from streams.contracts.topics import (
    ACTIONS,
    COMMANDS,
    DEAD_LETTERS,
    FINDINGS,
    FLEET,
    POLICIES,
    TELEMETRY,
    WINDOWS,
    Topic,
)
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection

FACTS: Final[tuple[Topic, ...]] = (
    FLEET,
    WINDOWS,
    FINDINGS,
    ACTIONS,
    COMMANDS,
    POLICIES,
    DEAD_LETTERS,
)
"""Every type of event is written to one of these, so that each fact is folded once."""
TOPICS: Final = (*FACTS, TELEMETRY)
REBUILD: Final = "rebuild"
"""The owner that gives the projections back when it is done."""
FLUSH_S: Final = 0.1
"""Heartbeats are coalesced this long; facts are written at once."""
IDLE_S: Final = 5.0
MAX_PENDING: Final = 20_000
_BACKOFF_S: Final = (0.5, 1.0, 2.0, 5.0)
_LOG: Final = logging.getLogger(__name__)

T = TypeVar("T")
InThread = Callable[..., Awaitable[Any]]


class Reader(Protocol):
    """What the pump needs of a feed."""

    async def fetch(self, wait_s: float) -> list[Record]:
        """Return the next records, or none after `wait_s` seconds."""
        ...


async def run_projector(
    settings: Settings, connection: Connection, signer: Signer, stop: asyncio.Event
) -> None:
    """Keep the views until `stop`.

    A database that is away is waited for with growing pauses; nothing is lost, because the log
    keeps it. After a rebuild the projector goes on from where that ended.

    Raises
    ------
    Replaced
        Where another projector has taken over.
    """
    owner = f"projector {os.getpid()} on {socket.gethostname()}"
    failures = 0
    with ThreadPoolExecutor(1, "projections") as thread:
        in_thread = _runner(thread)
        while not stop.is_set():
            try:
                await _project(settings, connection, signer, owner, stop, in_thread)
                failures = 0
            except Replaced as replaced:
                if not replaced.owner.startswith(REBUILD):
                    raise
                _LOG.info("views were rebuilt; going on from there")
            except OperationalError as error:
                pause = _BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)]
                failures += 1
                _LOG.warning("database is away (%s); again in %.1f s", error.orig, pause)
                await _wait(stop, pause)


async def _project(
    settings: Settings,
    connection: Connection,
    signer: Signer,
    owner: str,
    stop: asyncio.Event,
    in_thread: InThread,
) -> None:
    engine = open_database(settings.database)
    try:
        await in_thread(prepare, engine)
        views: Views = await in_thread(Views, engine, signer, settings.partitions, owner)
        async with open_feed(connection, places(TOPICS, settings.partitions)) as feed:
            feed.position_check(views.positions, await feed.ends())
            feed.seek(views.positions)
            await pump(feed, lambda records: in_thread(views.write, records), stop)
    finally:
        await in_thread(engine.dispose)


async def pump(
    reader: Reader, write: Callable[[list[Record]], Awaitable[None]], stop: asyncio.Event
) -> None:
    """Hand records from `reader` to `write` until `stop`: facts at once, heartbeats coalesced."""
    loop = asyncio.get_running_loop()
    pending: list[Record] = []
    last = loop.time() - FLUSH_S
    while not stop.is_set():
        due = last + FLUSH_S
        wait = max(0.0, due - loop.time()) if pending else IDLE_S
        pending += await _unless(stop, reader.fetch(wait)) or []
        if pending and (loop.time() >= due or _urgent(pending)):
            await write(pending)
            pending = []
            last = loop.time()
    if pending:
        await write(pending)


def _urgent(records: list[Record]) -> bool:
    return len(records) >= MAX_PENDING or any(r.topic != TELEMETRY.name for r in records)


async def _unless(stop: asyncio.Event, work: Awaitable[T]) -> T | None:
    """Return what `work` gives, or None where `stop` came first."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, stopping):
            task.cancel()


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


def _runner(thread: ThreadPoolExecutor) -> InThread:
    loop = asyncio.get_running_loop()

    async def run(function: Callable[..., Any], *arguments: Any) -> Any:
        return await loop.run_in_executor(thread, function, *arguments)

    return run
