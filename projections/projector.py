"""The projector: reads the log as it grows, and keeps the views."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

from sqlalchemy.exc import DatabaseError, OperationalError

from config.settings import Settings
from projections.database import REFILL, is_damaged, only_reads, open_database
from projections.migrations import prepare
from projections.outages import Outages, in_a_line
from projections.pump import pump
from projections.views import Place, Replaced, Views
from streams.contracts.topics import (
    ACTIONS,
    AUDIT,
    COMMANDS,
    DEAD_LETTERS,
    FINDINGS,
    FLEET,
    INCIDENTS,
    POLICIES,
    SILENCES,
    TELEMETRY,
    TOKENS,
    WINDOWS,
    Topic,
)
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway, PositionLost
from streams.kafka.log_reader import LogReader

FACTS: Final[tuple[Topic, ...]] = (
    FLEET,
    WINDOWS,
    FINDINGS,
    INCIDENTS,
    ACTIONS,
    COMMANDS,
    POLICIES,
    SILENCES,
    TOKENS,
    AUDIT,
    DEAD_LETTERS,
)
"""Every type of event is written to one of these, so that each fact is folded once."""
TOPICS: Final = (*FACTS, TELEMETRY)
REBUILD: Final = "rebuild"
"""The owner that gives the projections back when it is done."""
FETCH_WAIT_MS: Final = 500
"""How long the broker holds an empty fetch. A partition whose records were just taken is asked
for again only after the fetch under way returns, so this bounds the delay that reading adds."""
PAUSE_S: Final = 1.0
_LOG: Final = logging.getLogger(__name__)

InThread = Callable[..., Awaitable[Any]]


async def run_projector(
    settings: Settings, connection: Connection, signer: Signer, stop: asyncio.Event
) -> None:
    """Keep the views until `stop`.

    A database or a broker that is away is waited for; nothing is lost, because the log keeps
    it. After a rebuild the projector goes on from where that ended.

    Raises
    ------
    Replaced
        Where another projector has taken over.
    """
    owner = f"projector {os.getpid()} on {socket.gethostname()}"
    outages = Outages(_LOG)
    with ThreadPoolExecutor(1, "projections") as thread:
        in_thread = _runner(thread)
        while not stop.is_set():
            try:
                await _project(settings, connection, signer, owner, stop, in_thread)
            except Replaced as replaced:
                if not replaced.owner.startswith(REBUILD):
                    raise
                _LOG.info("views were rebuilt; going on from there")
            except (DatabaseError, BrokerAway) as error:
                outages.tell(_waited_for(error), PAUSE_S)
                await _wait(stop, PAUSE_S)


def _waited_for(error: DatabaseError | BrokerAway) -> Exception:
    """Return what to tell of what is away; raise what no waiting will end."""
    if isinstance(error, OperationalError | BrokerAway) or only_reads(error):
        return error
    if is_damaged(error):
        return RuntimeError(f"{in_a_line(error)}; {REFILL}")
    raise error


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
        async with LogReader(connection, wait_ms=FETCH_WAIT_MS, batch=1000) as reader:
            start = await starting_positions(reader, views.positions)
            await pump(reader.read(start), lambda records: in_thread(views.write, records), stop)
    finally:
        await in_thread(engine.dispose)


async def starting_positions(reader: LogReader, stored: Mapping[Place, int]) -> dict[Place, int]:
    """Return where to read on: after what is stored, or where the log begins by now.

    Raises
    ------
    PositionLost
        Where a stored position lies beyond the log: it is another log.
    """
    names = [topic.name for topic in TOPICS]
    beginnings = await reader.beginning_offsets(names)
    ends = await reader.end_offsets(names)
    for place, end in ends.items():
        if stored.get(place, 0) > end:
            raise PositionLost(
                f"{place.topic}/{place.partition} was read up to {stored[place]}, but ends at "
                f"{end}: the log was made anew; run `homeostat projections rebuild`"
            )
    return {place: max(first, stored.get(place, 0)) for place, first in beginnings.items()}


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def _runner(thread: ThreadPoolExecutor) -> InThread:
    loop = asyncio.get_running_loop()

    async def run(function: Callable[..., Any], *arguments: Any) -> Any:
        return await loop.run_in_executor(thread, function, *arguments)

    return run
