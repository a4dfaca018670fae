"""The projector against a real broker, as a process that may be killed at any moment."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from projections.database import open_database
from projections.migrations import prepare
from projections.models import events
from projections.queries.health import is_projected
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.log_reader import LogReader
from streams.kafka.publisher import Publisher
from tests.integration.log_of_facts import PARTITIONS, SECRET, T0, raised, registered, sealed

AGENTS = 400


def environment(home: Path, broker: EmbeddedBroker) -> dict[str, str]:
    home.mkdir(exist_ok=True)
    (home / "secret").write_bytes(SECRET)
    return {
        **os.environ,
        "HOMEOSTAT_HOME": str(home),
        "HOMEOSTAT_KAFKA": broker.bootstrap,
        "HOMEOSTAT_PARTITIONS": str(PARTITIONS),
    }


@asynccontextmanager
async def projector(home: Path, broker: EmbeddedBroker) -> AsyncIterator[Any]:
    """Run a projector as a process; it ends with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api.cli.roles", "projector", env=environment(home, broker)
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until(condition: Callable[[], bool], process: Any) -> None:
    """Wait for what the database will show; a process that ends before is a failure."""
    while not await asyncio.to_thread(condition):
        assert process.returncode is None
        await asyncio.sleep(0.02)


async def facts_end(connection: Connection) -> dict[tuple[str, int], int]:
    async with LogReader(connection) as reader:
        return {
            tuple(p): end for p, end in (await reader.end_offsets(["fleet", "findings"])).items()
        }


@pytest.mark.parametrize("kills", [3])
async def test_killed_at_any_moment_nothing_is_missing_and_nothing_is_there_twice(
    empty_broker: EmbeddedBroker, tmp_path: Path, kills: int
) -> None:
    connection = Connection(empty_broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    engine = open_database(f"sqlite:///{tmp_path / 'home' / 'homeostat.db'}")
    (tmp_path / "home").mkdir()
    prepare(engine)

    def count() -> int:
        with engine.connect() as reading:
            return reading.execute(select(func.count()).select_from(events)).scalar() or 0

    facts = [(n, registered(f"agent-{n}")) for n in range(AGENTS)]
    facts += [(AGENTS + n, raised(f"agent-{n}", f"f{n}", T0 + n)) for n in range(AGENTS)]
    records = sealed("surveillance", "telemetry", 0, facts)
    async with Publisher(connection) as publisher:
        for kill in range(kills):
            async with projector(tmp_path / "home", empty_broker) as process:
                share = records[kill * len(records) // kills :][: len(records) // kills + 1]
                for record in share:
                    await publisher.publish([record])
                # What was written before the kill is written again, as a worker would.
                await publisher.publish(share[-20:])
                before = count()
                await until(lambda: count() >= before, process)  # noqa: B023
                process.send_signal(signal.SIGKILL)
                await process.wait()
    ends = await facts_end(connection)

    def done() -> bool:
        with engine.connect() as reading:
            return all(is_projected(reading, *place, end - 1) for place, end in ends.items() if end)

    async with projector(tmp_path / "home", empty_broker) as process:
        await until(done, process)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    with engine.connect() as reading:
        ids = list(reading.execute(select(events.c.id)).scalars())
    assert len(ids) == len(set(ids)) == 2 * AGENTS
    engine.dispose()
