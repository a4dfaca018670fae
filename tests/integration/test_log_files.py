"""A log whose oldest records have expired keeps its coordinates through files; damage is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from streams.contracts.record import Outgoing, Record
from streams.contracts.topics import TELEMETRY
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.log_export import Exporter
from streams.kafka.log_files import LogFileError, Part, PartWriter, read_part
from streams.kafka.log_import import import_log
from streams.kafka.log_reader import LogReader, Place
from streams.kafka.ports import free_port
from streams.kafka.publisher import Publisher

PARTITIONS, WRITTEN, EXPIRED = 2, 10, 4
HERE, GONE = Place(TELEMETRY.name, 0), Place(TELEMETRY.name, 1)


@asynccontextmanager
async def a_broker(folder: Path) -> AsyncIterator[Connection]:
    broker = EmbeddedBroker(folder, free_port())
    await broker.start()
    try:
        yield Connection(broker.bootstrap)
    finally:
        await broker.stop()


async def expire(connection: Connection) -> None:
    """Delete the first records of one partition, and all of the other, as retention does."""
    client = AIOKafkaAdminClient(**connection.client_options())
    try:
        await client.start()
        kept = {HERE: EXPIRED, GONE: WRITTEN}
        await client.delete_records(
            {TopicPartition(*p): RecordsToDelete(before_offset=first) for p, first in kept.items()}
        )
    finally:
        await client.close()


async def telemetry(connection: Connection) -> tuple[dict[Place, int], list[Record]]:
    """Return the first offsets, and every record."""
    async with LogReader(connection) as reader:
        firsts = await reader.beginning_offsets([TELEMETRY.name])
        ends = await reader.end_offsets([TELEMETRY.name])
        assert set(ends.values()) == {WRITTEN}
        return firsts, [r async for records in reader.read(firsts, ends) for r in records]


async def test_offsets_that_expired_stay_gone(tmp_path: Path) -> None:
    records = [
        Outgoing(TELEMETRY.name, b"k" if n % 2 else None, b"%d" % n, (("h", b"\0"),), p)
        for p in range(PARTITIONS)
        for n in range(WRITTEN)
    ]
    async with a_broker(tmp_path / "origin") as origin:
        await ensure_topics(origin, PARTITIONS)
        async with Publisher(origin) as publisher:
            await publisher.publish(records)
        await expire(origin)
        before = await telemetry(origin)
        manifest = await Exporter(origin, PARTITIONS, "print").export(tmp_path / "files")
    assert before[0] == {HERE: EXPIRED, GONE: WRITTEN}
    async with a_broker(tmp_path / "heir") as heir:
        await import_log(heir, tmp_path / "files", manifest)
        assert await telemetry(heir) == before
        with pytest.raises(LogFileError, match="has records here"):
            await import_log(heir, tmp_path / "files", manifest)


def test_damage_is_told(tmp_path: Path) -> None:
    part = Part(TELEMETRY.name, 0, 0, 3, 3)
    with PartWriter(tmp_path / part.file) as writer:
        writer.write([Record(TELEMETRY.name, 0, n, 1.5, None, b"v") for n in range(2)])
    with pytest.raises(LogFileError, match="has 2 records; the manifest says 3"):
        list(read_part(tmp_path, part))
    whole = (tmp_path / part.file).read_bytes()
    (tmp_path / part.file).write_bytes(whole[:-12])
    with pytest.raises(LogFileError, match="damaged"):
        list(read_part(tmp_path, part))
