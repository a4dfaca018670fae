"""The publisher against a real broker: placed as others place, in order, typed errors."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import uuid

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.contracts.record import Outgoing
from streams.contracts.topics import DEAD_LETTERS, DECISIONS, FINDINGS, TELEMETRY
from streams.contracts.trust import RecordKind, Signer
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.errors import BrokerAway, RecordTooLarge
from streams.kafka.log_reader import LogReader, Offsets
from streams.kafka.publisher import Publisher

PARTITIONS = 4


@pytest.fixture
async def connection(broker: EmbeddedBroker) -> Connection:
    connection = Connection(broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    return connection


async def written_since(connection: Connection, before: Offsets):
    async with LogReader(connection) as reader:
        after = await reader.end_offsets({place.topic for place in before})
        return [r async for records in reader.read(before, after) for r in records]


async def ends(connection: Connection, *topics: str) -> Offsets:
    async with LogReader(connection) as reader:
        return await reader.end_offsets(topics)


async def test_records_lie_where_the_default_partitioner_puts_them(connection: Connection) -> None:
    keys = [uuid.uuid4().hex.encode() for _ in range(60)]
    before = await ends(connection, FINDINGS.name)
    async with AIOKafkaProducer(bootstrap_servers=connection.bootstrap) as other:
        theirs = [await other.send_and_wait(FINDINGS.name, b"", key=key) for key in keys]
    async with Publisher(connection) as publisher:
        await publisher.publish([Outgoing(FINDINGS.name, key, b"ours") for key in keys])
    written = await written_since(connection, before)
    ours = {r.key: r.partition for r in written if r.value == b"ours"}
    assert ours == {key: sent.partition for key, sent in zip(keys, theirs, strict=True)}


@pytest.mark.parametrize("count", [3, 5000])
async def test_order_is_kept_and_headers_arrive(connection: Connection, count: int) -> None:
    before = await ends(connection, TELEMETRY.name, DECISIONS.name)
    records = [
        Outgoing(topic, b"agent-%d" % (n % 7), b"%d" % n, (("h", b"%d" % n),))
        for n in range(count)
        for topic in (TELEMETRY.name, DECISIONS.name)
    ]
    async with Publisher(connection) as publisher:
        await publisher.publish(records)
    written = await written_since(connection, before)
    assert len(written) == 2 * count
    for topic in (TELEMETRY.name, DECISIONS.name):
        for key in {r.key for r in written}:
            of_key = [r for r in written if (r.topic, r.key) == (topic, key)]
            numbers = [int(r.value or b"") for r in of_key]
            assert numbers == sorted(numbers)
            assert [r.header("h") for r in of_key] == [r.value for r in of_key]


async def test_many_publications_at_once_share_one_publisher(connection: Connection) -> None:
    before = await ends(connection, FINDINGS.name)
    async with Publisher(connection, linger_ms=5) as publisher:
        await asyncio.gather(
            *(publisher.publish([Outgoing(FINDINGS.name, b"k", b"%d" % n)]) for n in range(200))
        )
    written = await written_since(connection, before)
    assert sorted(int(r.value or b"") for r in written) == list(range(200))


async def test_an_explicit_partition_wins_over_the_key(connection: Connection) -> None:
    before = await ends(connection, FINDINGS.name)
    async with Publisher(connection) as publisher:
        await publisher.publish(
            [Outgoing(FINDINGS.name, b"same", b"", (), p) for p in range(PARTITIONS)]
        )
    written = await written_since(connection, before)
    assert sorted(r.partition for r in written) == list(range(PARTITIONS))


async def test_a_write_answers_where_each_record_lies(connection: Connection) -> None:
    before = await ends(connection, FINDINGS.name)
    records = [Outgoing(FINDINGS.name, b"%d" % n, b"%d" % n) for n in range(20)]
    async with Publisher(connection) as publisher:
        positions = await publisher.publish(records)
    written = {r.position: r.value for r in await written_since(connection, before)}
    assert [written[position] for position in positions] == [r.value for r in records]


async def test_broadcast_reaches_every_partition_with_a_proof(connection: Connection) -> None:
    signer = Signer(b"a secret of some length")
    before = await ends(connection, TELEMETRY.name)
    async with Publisher(connection) as publisher:
        await publisher.broadcast(TELEMETRY.name, b"tick", signer, RecordKind.TICK)
    written = await written_since(connection, before)
    assert sorted(r.partition for r in written) == list(range(PARTITIONS))
    assert {signer.kind_of(r) for r in written} == {RecordKind.TICK}


async def test_a_record_too_large_is_refused_before_any_is_written(connection: Connection) -> None:
    before = await ends(connection, DEAD_LETTERS.name)
    async with Publisher(connection) as publisher:
        with pytest.raises(RecordTooLarge, match=r"dead-letters has .* at most 4194304"):
            await publisher.publish(
                [
                    Outgoing(DEAD_LETTERS.name, b"k", b"small"),
                    Outgoing(DEAD_LETTERS.name, b"k", bytes(4 << 20)),
                ]
            )
        await publisher.publish([Outgoing(DEAD_LETTERS.name, b"k", bytes((4 << 20) - 200))])
    assert len(await written_since(connection, before)) == 1


async def test_a_broker_that_is_away_is_named_and_its_return_is_used(fresh_broker) -> None:
    own = await fresh_broker()
    connection = Connection(own.bootstrap)
    await ensure_topics(connection, 1)
    async with Publisher(connection, timeout_s=1.0) as publisher:
        await sent(publisher, b"before")
        os.kill(own.pid, signal.SIGKILL)
        await own.wait()
        with pytest.raises(BrokerAway, match=own.bootstrap):
            await publisher.publish([Outgoing(FINDINGS.name, b"k", b"lost")])
        with pytest.raises(BrokerAway, match=own.bootstrap):
            await publisher.publish([Outgoing(FINDINGS.name, b"k", b"lost too")])
        await own.start()
        await sent(publisher, b"after")
    async with AIOKafkaConsumer(
        FINDINGS.name, bootstrap_servers=own.bootstrap, auto_offset_reset="earliest"
    ) as other:
        told = [(await other.getone()).value]
        while told[-1] != b"after":
            told.append((await other.getone()).value)
    assert set(told) == {b"before", b"after"}


async def sent(publisher: Publisher, value: bytes) -> None:
    """Write a record as a caller does that has so little patience: again until it is written."""
    while True:
        with contextlib.suppress(BrokerAway):
            await publisher.publish([Outgoing(FINDINGS.name, b"k", value)])
            return


async def test_nobody_at_the_address_is_named() -> None:
    with pytest.raises(BrokerAway, match=r"127\.0\.0\.1:1"):
        await Publisher(Connection("127.0.0.1:1")).start()
