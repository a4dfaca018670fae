"""The log reader against a real broker: by position, to an end, or on and on."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing

import pytest

from streams.contracts.record import Outgoing
from streams.contracts.topics import ACTIONS, FLEET, TELEMETRY, snapshots_of
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.errors import BrokerAway, PositionLost, TopicError
from streams.kafka.log_reader import LogReader, Place
from streams.kafka.publisher import Publisher


@pytest.fixture
async def connection(broker: EmbeddedBroker) -> Connection:
    connection = Connection(broker.bootstrap)
    await ensure_topics(connection, 4)
    return connection


async def put(connection: Connection, topic: str, count: int, key: bytes | None = None) -> None:
    async with Publisher(connection) as publisher:
        await publisher.publish(
            [Outgoing(topic, key or b"%d" % n, b"%d" % n) for n in range(count)]
        )


async def test_every_record_from_begin_to_end_is_read_once(connection: Connection) -> None:
    await put(connection, FLEET.name, 9000)
    async with LogReader(connection, batch=1000) as reader:
        begins = await reader.beginning_offsets([FLEET.name])
        ends = await reader.end_offsets([FLEET.name])
        next_offset = dict(begins)
        async for batch in reader.read(begins, ends):
            assert len(batch) <= 1000
            for record in batch:
                place = Place(record.topic, record.partition)
                assert record.offset == next_offset[place]
                next_offset[place] += 1
    assert next_offset == ends


async def test_a_reader_stops_in_order_while_a_fetch_waits_to_try_again(
    connection: Connection,
) -> None:
    async with LogReader(connection) as reader:
        client = reader._consumer._client
        retrying = asyncio.create_task(asyncio.sleep(600))
        reader._consumer._fetcher._pending_tasks.add(retrying)
        await asyncio.sleep(0)
    assert retrying.cancelled()
    assert client._conns == {}


async def test_how_long_the_readers_own_work_takes_is_not_the_brokers_silence(
    connection: Connection,
) -> None:
    await put(connection, ACTIONS.name, 40, key=b"slow")
    async with LogReader(connection, batch=10, patience_s=0.5) as reader:
        ends = await reader.end_offsets([ACTIONS.name])
        place = max(ends, key=ends.__getitem__)
        read = 0
        async for batch in reader.read({place: ends[place] - 20}, ends):
            time.sleep(0.6)  # noqa: ASYNC251  what a fold does: the loop stands still meanwhile
            read += len(batch)
    assert read == 20


async def test_it_starts_and_stops_exactly_where_told(connection: Connection) -> None:
    await put(connection, ACTIONS.name, 100, key=b"one")
    async with LogReader(connection) as reader:
        ends = await reader.end_offsets([ACTIONS.name])
        place = max(ends, key=ends.__getitem__)
        start, stop = ends[place] - 50, ends[place] - 20
        read = [r async for batch in reader.read({place: start}, {place: stop}) for r in batch]
        nothing = [b async for b in reader.read({place: stop}, {place: stop})]
        no_place = [b async for b in reader.read({}, {})]
    assert [r.offset for r in read] == list(range(start, stop))
    assert nothing == no_place == []


async def test_following_gives_what_comes_later(connection: Connection) -> None:
    async with LogReader(connection) as reader, Publisher(connection) as publisher:
        ends = await reader.end_offsets([FLEET.name])
        async with aclosing(reader.read(ends)) as batches:
            for n in range(5):
                waiting = asyncio.create_task(anext(batches))
                await publisher.publish([Outgoing(FLEET.name, b"%d" % n, b"%d" % n)])
                assert [record.value for record in await waiting] == [b"%d" % n]


async def test_offsets_of_another_topic_may_be_asked_meanwhile(connection: Connection) -> None:
    await put(connection, FLEET.name, 10)
    async with LogReader(connection, batch=1) as reader:
        begins = await reader.beginning_offsets([FLEET.name])
        ends = await reader.end_offsets([FLEET.name])
        count = 0
        async for batch in reader.read(begins, ends):
            count += len(batch)
            if count == 1:
                await reader.end_offsets([ACTIONS.name])
    assert count == sum(ends.values()) - sum(begins.values())


async def test_time_finds_the_first_record_stamped_then(connection: Connection) -> None:
    await put(connection, ACTIONS.name, 3, key=b"two")
    async with LogReader(connection) as reader:
        ends = await reader.end_offsets([ACTIONS.name])
        begins = await reader.beginning_offsets([ACTIONS.name])
        records = [r async for batch in reader.read(begins, ends) for r in batch]
        last = max(records, key=lambda record: record.timestamp)
        first_then = min(
            r.offset
            for r in records
            if r.partition == last.partition and r.timestamp == last.timestamp
        )
        at = await reader.offsets_at([ACTIONS.name], last.timestamp)
        later = await reader.offsets_at([ACTIONS.name], last.timestamp + 3600)
    assert at[Place(ACTIONS.name, last.partition)] == first_then
    assert later == ends


async def test_a_position_that_is_not_kept_is_an_error(connection: Connection) -> None:
    async with LogReader(connection) as reader:
        with pytest.raises(PositionLost, match="fleet"):
            await anext(reader.read({Place(FLEET.name, 0): 10**9}))


async def test_an_empty_compacted_topic_ends_at_once(connection: Connection) -> None:
    topic = snapshots_of(TELEMETRY).name
    async with LogReader(connection) as reader:
        begins = await reader.beginning_offsets([topic])
        ends = await reader.end_offsets([topic])
        assert sum([len(batch) async for batch in reader.read(begins, ends)]) == sum(
            ends.values()
        ) - sum(begins.values())


async def test_a_missing_topic_and_a_missing_broker_are_named(connection: Connection) -> None:
    async with LogReader(connection) as reader:
        with pytest.raises(TopicError, match="no-such-topic"):
            await reader.end_offsets(["no-such-topic"])
    with pytest.raises(BrokerAway, match=r"127\.0\.0\.1:1"):
        await LogReader(Connection("127.0.0.1:1")).start()


async def test_a_reading_with_an_end_does_not_wait_for_ever(fresh_broker) -> None:
    own = await fresh_broker()
    connection = Connection(own.bootstrap)
    await ensure_topics(connection, 1)
    place = Place(FLEET.name, 0)
    async with LogReader(connection, patience_s=0.5) as reader:
        await own.stop()
        with pytest.raises(BrokerAway, match=f"{own.bootstrap} gave no record of .*fleet"):
            await anext(reader.read({place: 0}, {place: 1}))


async def test_a_topic_that_no_broker_tells_of_is_not_said_to_be_missing(fresh_broker) -> None:
    own = await fresh_broker()
    await ensure_topics(connection := Connection(own.bootstrap), 1)
    async with LogReader(connection) as reader:
        await own.stop()
        for _ in range(2):
            with pytest.raises(BrokerAway, match=f"topic {FLEET.name}"):
                await reader.places([FLEET.name])


async def test_it_can_be_stopped_as_soon_as_it_was_started(connection: Connection) -> None:
    for _ in range(5):
        async with LogReader(connection):
            pass
