"""Records made as our own while aiokafka unpacks them, beside what it makes of them itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from streams.contracts.record import Outgoing, Record
from streams.contracts.topics import FLEET
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.fetching import make_ours, ours
from streams.kafka.publisher import Publisher

SENT = [
    Outgoing(FLEET.name, b"a", b"first", (("h", b"1"), ("h", b"2")), partition=3),
    Outgoing(FLEET.name, None, b"without a key", partition=3),
    Outgoing(FLEET.name, b"gone", b"", partition=3),
]


@pytest.fixture
async def start(broker: EmbeddedBroker) -> tuple[Connection, int]:
    """Write `SENT`; return where they begin."""
    connection = Connection(broker.bootstrap)
    await ensure_topics(connection, 4)
    async with Publisher(connection) as publisher:
        written = await publisher.publish(SENT)
    return connection, written[0].offset


async def fetched(connection: Connection, offset: int, *, hooked: bool) -> Sequence[Any]:
    from aiokafka import AIOKafkaConsumer, TopicPartition

    place = TopicPartition(FLEET.name, 3)
    async with AIOKafkaConsumer(**connection.client_options(), group_id=None) as consumer:
        if hooked:
            make_ours(consumer)
            make_ours(consumer)
        consumer.assign([place])
        consumer.seek(place, offset)
        got: Mapping[Any, Sequence[Any]] = await consumer.getmany(timeout_ms=10_000)
        assert await consumer.position(place) == offset + len(SENT)
        return got[place]


async def test_they_are_ours_from_the_first_and_say_the_same(
    start: tuple[Connection, int],
) -> None:
    plain, hooked = [await fetched(*start, hooked=hooked) for hooked in (False, True)]
    assert {type(record) for record in hooked} == {Record}
    assert {type(record) for record in plain}.isdisjoint({Record})
    assert ours(hooked) is hooked
    assert ours(plain) == hooked
    assert [(r.key, r.value, r.headers) for r in hooked] == [
        (each.key, each.value, each.headers) for each in SENT
    ]
