"""A rebuild gives what was there, corrects what was not, and does not disturb the projector."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from sqlalchemy import Engine, select

from projections.database import open_database, writing
from projections.migrations import prepare
from projections.models import agents, events, findings, window_blocks
from projections.projector import TOPICS
from projections.queries.health import is_projected
from projections.replay.compare import compared_tables, rows_of
from projections.replay.compared_windows import windows_of
from projections.replay.rebuild import rebuild_views
from projections.views import Views
from streams.contracts.record import Outgoing
from streams.contracts.telemetry import Heartbeat, encode_heartbeat
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.log_reader import LogReader
from streams.kafka.publisher import Publisher
from tests.integration.log_of_facts import (
    PARTITIONS,
    SIGNER,
    T0,
    ended,
    finished,
    granted,
    health,
    proposed,
    raised,
    registered,
    sealed,
    status,
    windows,
)
from tests.integration.test_projector import environment, projector, until


def story(agent: str, n: int, at: float) -> list[Outgoing]:
    """Return what is written about one agent, repeated as after a crash."""
    seen = sealed(
        "surveillance",
        "telemetry",
        n % PARTITIONS,
        [
            (10 * n, registered(agent, up=1.0)),
            (10 * n + 1, raised(agent, f"f-{agent}", at)),
            (10 * n + 2, health(agent, "failing", 10.0, at)),
            (10 * n + 3, status(agent, "degraded", at + 1)),
            (10 * n + 4, windows([agent], T0 - T0 % 60, float(n))),
            (10 * n + 5, ended(agent, f"f-{agent}", at + 2)),
        ],
    )
    decided = sealed("decision", "decisions", 0, [(n, proposed(agent, f"a-{n}", f"f-{agent}", at))])
    governed = sealed(
        "governor", "governance", 0, [(n, granted(agent, f"a-{n}", f"f-{agent}", at))]
    )
    done = sealed("executor", "actions.commands", 0, [(n, finished(agent, f"a-{n}", "f", at))])
    value = encode_heartbeat(Heartbeat(agent, {"cpu_usage": float(n)}))
    beat = Outgoing("telemetry", f"default/{agent}".encode(), value)
    forged = Outgoing("findings", b"default/x", b"{}")
    return [*seen, *seen[-4:], *decided, *governed, *done, beat, forged]


async def written(connection: Connection, agents_written: range) -> None:
    async with Publisher(connection) as publisher:
        for n in agents_written:
            await publisher.publish(story(f"agent-{n}", n, T0 + n))


async def projected(engine: Engine, connection: Connection) -> None:
    """Fold the log as it is into live views, in small pieces."""
    views = Views(engine, SIGNER, PARTITIONS, "a test")
    names = [topic.name for topic in TOPICS]
    async with LogReader(connection, batch=7) as reader:
        start, ends = await reader.beginning_offsets(names), await reader.end_offsets(names)
        async for batch in reader.read(start, ends):
            views.write(batch)


def dump(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    with engine.connect() as connection:
        tables = [table for table in compared_tables() if table is not window_blocks]
        rows = {table.name: list(rows_of(connection, table)) for table in tables}
        return rows | {"windows": list(windows_of(connection))}


async def test_a_rebuild_equals_what_was_there(
    empty_broker: EmbeddedBroker, database: Engine
) -> None:
    connection = Connection(empty_broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    await written(connection, range(20))
    await projected(database, connection)
    live = dump(database)
    told: list[str] = []
    done = await rebuild_views(database, connection, SIGNER, PARTITIONS, told.append)
    assert done.differences == {}
    assert dump(database) == live
    assert done.records > 20 * 10
    assert "(100 %)" in told[-1]
    assert live["agents"][0]["metrics"] == {"up": 1.0, "cpu_usage": 0.0}


async def test_a_rebuild_corrects_what_is_not_as_the_log_says(
    empty_broker: EmbeddedBroker, database: Engine
) -> None:
    connection = Connection(empty_broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    await written(connection, range(5))
    await projected(database, connection)
    live = dump(database)
    with database.connect() as reading:
        seqs = reading.execute(select(events.c.id, events.c.seq).order_by(events.c.seq)).all()
    with writing(database) as damaging:
        damaging.execute(agents.update().values(status="wrong"))
        damaging.execute(findings.delete().where(findings.c.agent_id == "agent-3"))
        damaging.execute(events.delete().where(events.c.seq == seqs[-1].seq))
    done = await rebuild_views(database, connection, SIGNER, PARTITIONS, lambda _: None)
    assert done.differences == {"agents": 5, "findings": 1, "events": 1}
    assert dump(database) == live
    with database.connect() as reading:
        after = reading.execute(select(events.c.id, events.c.seq).order_by(events.c.seq)).all()
    assert after[:-1] == seqs[:-1]


async def test_a_running_projector_goes_on_after_a_rebuild(
    empty_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    connection = Connection(empty_broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    (tmp_path / "home").mkdir()
    engine = open_database(f"sqlite:///{tmp_path / 'home' / 'homeostat.db'}")
    prepare(engine)
    await written(connection, range(10))

    async with projector(tmp_path / "home", empty_broker) as process:
        await until(await everything_in(engine, connection), process)
        writing_on = asyncio.create_task(written(connection, range(10, 20)))
        done = await asyncio.to_thread(
            asyncio.run, rebuild_views(engine, connection, SIGNER, PARTITIONS, lambda _: None)
        )
        await writing_on
        assert done.differences == {}
        await until(await everything_in(engine, connection), process)
    with engine.connect() as reading:
        assert len(list(rows_of(reading, agents))) == 20
        ids = list(reading.execute(select(events.c.id)).scalars())
    assert len(ids) == len(set(ids))
    engine.dispose()


async def everything_in(engine: Engine, connection: Connection) -> Any:
    """Return a check that the views have reached the end that the log has now."""
    async with LogReader(connection) as reader:
        ends = await reader.end_offsets([topic.name for topic in TOPICS])

    def reached() -> bool:
        with engine.connect() as reading:
            return all(is_projected(reading, *place, end - 1) for place, end in ends.items() if end)

    return reached


async def test_the_command_builds_views_where_there_are_none(
    empty_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    connection = Connection(empty_broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    await written(connection, range(3))
    command = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", "from api.cli.main import main; main()", "projections", "rebuild"),
        env=environment(tmp_path / "home", empty_broker),
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await command.communicate()
    assert command.returncode == 0
    assert b"rebuilt from" in told
    engine = open_database(f"sqlite:///{tmp_path / 'home' / 'homeostat.db'}")
    with engine.connect() as reading:
        assert [row["agent_id"] for row in rows_of(reading, agents)] == [
            "agent-0",
            "agent-1",
            "agent-2",
        ]
    engine.dispose()
    assert not list((tmp_path / "home").glob("*.rebuild"))


async def test_what_expired_telemetry_said_is_kept(
    empty_broker: EmbeddedBroker, database: Engine
) -> None:
    connection = Connection(empty_broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    await written(connection, range(5))
    await projected(database, connection)
    live = dump(database)
    async with LogReader(connection) as reader:
        ends = await reader.end_offsets(["telemetry"])
    admin = AIOKafkaAdminClient(**connection.client_options())
    await admin.start()
    await admin.delete_records(
        {TopicPartition(*place): RecordsToDelete(before_offset=end) for place, end in ends.items()}
    )
    await admin.close()
    done = await rebuild_views(database, connection, SIGNER, PARTITIONS, lambda _: None)
    assert dump(database)["agents"] == live["agents"]
    assert f"the metrics of {done.kept} agents, from expired telemetry, were kept" in done.summary()
    assert done.kept == sum(bool(row["metrics"]) for row in live["agents"])
