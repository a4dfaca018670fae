"""The log folded up to a moment is what the live views say of that moment."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from sqlalchemy import Engine

from config.settings import Settings
from projections.database import open_database
from projections.queries.actions import list_actions
from projections.queries.agents import list_agents
from projections.queries.as_of import list_actions_as_of, list_agents_as_of, list_findings_as_of
from projections.queries.findings import list_findings
from projections.replay.until import UntilError, until
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.log_reader import LogReader, Place
from tests.integration.log_of_facts import PARTITIONS, SECRET, T0
from tests.integration.test_rebuild import projected, written


def of(home: Path) -> Settings:
    (home / "secret").write_bytes(SECRET)
    return Settings(home=home, partitions=PARTITIONS)


def shown(url: str) -> list[list[Any]]:
    engine = open_database(url)
    with engine.connect() as connection:
        found = [
            list_agents(connection, "default").items,
            list_findings(connection, "default").items,
            list_actions(connection, "default").items,
        ]
    engine.dispose()
    return [_told(rows) for rows in found]


def shown_as_of(live: Engine, at: float) -> list[list[Any]]:
    with live.connect() as connection:
        found = [
            list_agents_as_of(connection, "default", at).items,
            list_findings_as_of(connection, "default", at).items,
            list_actions_as_of(connection, "default", at).items,
        ]
    return [_told(rows) for rows in found]


def _told(rows: list[Any]) -> list[Any]:
    rows = [msgspec.structs.replace(row, updated_at=0.0) for row in rows]
    return [
        msgspec.structs.replace(row, metrics={}, last_seen=None) if hasattr(row, "metrics") else row
        for row in rows
    ]


async def test_the_log_until_a_moment_is_what_the_views_say_of_it(
    empty_broker: EmbeddedBroker, database: Engine, tmp_path: Path
) -> None:
    connection = Connection(empty_broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    await written(connection, range(12))
    await projected(database, connection)
    settings = of(tmp_path)
    for number, moment in enumerate((T0 - 1, T0, T0 + 4.5, T0 + 6, time.time())):
        told: list[str] = []
        path = tmp_path / f"then-{number}.db"
        done = await until(settings, connection, str(moment), str(path), told.append)
        assert done.moment == moment
        assert any("facts" in line and "(100 %)" in line for line in told)
        assert shown(done.database) == shown_as_of(database, moment), moment - T0


async def test_until_a_position_holds_what_was_written_by_then(
    empty_broker: EmbeddedBroker, database_url: str, tmp_path: Path
) -> None:
    connection = Connection(empty_broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    await written(connection, range(3))
    ends = await _ends(connection, "findings")
    place, end = max(ends.items(), key=lambda found: found[1])
    position = f"{place.topic}/{place.partition}/{end - 1}/0"
    before = time.time()
    done = await until(of(tmp_path), connection, position, database_url, lambda _: None)
    assert before - 60 < done.moment <= before + 1
    agents, findings, actions = shown(database_url)
    assert len(agents) == len(findings) == len(actions) == 3
    assert all(row.ended_at is not None for row in findings)

    with pytest.raises(UntilError, match="holds views already"):
        await until(of(tmp_path), connection, position, database_url, lambda _: None)


async def test_a_position_that_has_expired_is_refused(
    empty_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    connection = Connection(empty_broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    await written(connection, range(3))
    client = AIOKafkaAdminClient(**connection.client_options())
    await client.start()
    where = {
        TopicPartition("fleet", p): RecordsToDelete(before_offset=-1) for p in range(PARTITIONS)
    }
    await client.delete_records(where)
    await client.close()
    ends = await _ends(connection, "fleet")
    place = max(ends, key=lambda each: ends[each])
    position = f"fleet/{place.partition}/0/0"
    with pytest.raises(UntilError, match="kept no longer, name a later one"):
        await until(of(tmp_path), connection, position, str(tmp_path / "x.db"), lambda _: None)


async def _ends(connection: Connection, topic: str) -> dict[Place, int]:
    async with LogReader(connection) as reader:
        return await reader.end_offsets([topic])


@pytest.mark.parametrize(
    ("moment", "remedy"),
    [
        ("4102444800", "give a moment that is over"),
        ("nan", "give a moment that is over"),
        ("2026-01-01T00:00:00", "with an offset"),
        ("yesterday", "position of a receipt"),
        ("findings/0/999999/0", "does not reach that far"),
    ],
)
async def test_what_is_no_moment_is_refused_with_the_remedy(
    broker: EmbeddedBroker, tmp_path: Path, moment: str, remedy: str
) -> None:
    connection = Connection(broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    with pytest.raises(UntilError, match=remedy):
        await until(of(tmp_path), connection, moment, str(tmp_path / "x.db"), lambda _: None)
    assert not (tmp_path / "x.db").exists()
