"""A log whose oldest records have expired keeps its coordinates through files; damage is told."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from streams.contracts.record import Outgoing, Record
from streams.contracts.topics import FLEET, TELEMETRY
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.errors import ImportUnfinished
from streams.kafka.log_begun import count_of, read_written
from streams.kafka.log_export import Exporter
from streams.kafka.log_files import LogFileError, Part, PartWriter, read_part
from streams.kafka.log_import import import_log, open_log
from streams.kafka.log_reader import LogReader, Place
from streams.kafka.publisher import Publisher
from tests.ports import free_port

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
        await open_log(heir, manifest)
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


class BrokenOff(Exception):
    """Somebody pulled the plug."""


async def test_an_import_that_was_broken_off_goes_on_where_it_was(tmp_path: Path) -> None:
    async with a_broker(tmp_path / "origin") as origin:
        await a_log(origin)
        manifest = await Exporter(origin, PARTITIONS, "print").export(tmp_path / "files")
        await a_log(origin)
        other = await Exporter(origin, PARTITIONS, "print").export(tmp_path / "other")
    total = sum(part.records for part in manifest.parts)
    async with a_broker(tmp_path / "heir") as heir:
        broken_off: list[int] = []

        def pull(done: int, _total: int) -> None:
            broken_off.append(done)
            if len(broken_off) == 3:
                raise BrokenOff

        with pytest.raises(BrokenOff):
            await import_log(heir, tmp_path / "files", manifest, pull)
        assert count_of(await read_written(heir)) == broken_off[-1] < total

        with pytest.raises(ImportUnfinished):
            await ensure_topics(heir, PARTITIONS)
        changed = tmp_path / "changed"
        shutil.copytree(tmp_path / "files", changed)
        await asyncio.to_thread(turn_round, changed, manifest.parts)
        with pytest.raises(LogFileError, match="something else than these files at offset"):
            await import_log(heir, changed, manifest)

        seen: list[int] = []
        await import_log(heir, tmp_path / "files", manifest, lambda done, _: seen.append(done))
        assert broken_off[-1] == seen[0] < seen[-1] == total
        with pytest.raises(ImportUnfinished):
            await ensure_topics(heir, PARTITIONS)
        await import_log(heir, tmp_path / "files", manifest)  # nothing is left to write
        await open_log(heir, manifest)
        await ensure_topics(heir, PARTITIONS)
        again = await Exporter(heir, PARTITIONS, "print").export(tmp_path / "again")
        assert again == manifest
        for part in manifest.parts:
            files = [tmp_path / folder / part.file for folder in ("files", "again")]
            assert files[0].read_bytes() == files[1].read_bytes(), part
        with pytest.raises(LogFileError, match="has records here"):
            await import_log(heir, tmp_path / "other", other)


async def a_log(connection: Connection) -> None:
    """Write records to two topics."""
    await ensure_topics(connection, PARTITIONS)
    async with Publisher(connection) as publisher:
        await publisher.publish(
            [
                Outgoing(topic.name, b"k%d" % n, b"%d" % n, (), partition)
                for topic in (TELEMETRY, FLEET)
                for partition in range(PARTITIONS)
                for n in range(WRITTEN)
            ]
        )


def turn_round(folder: Path, parts: Sequence[Part]) -> None:
    """Put the values of every part in another order."""
    for part in parts:
        lines = list(read_part(folder, part))
        (folder / part.file).unlink()
        with PartWriter(folder / part.file) as writer:
            writer.write(
                [
                    Record(part.topic, part.partition, to.offset, to.at_ms / 1000, of.key, of.value)
                    for to, of in zip(lines, reversed(lines), strict=True)
                ]
            )
