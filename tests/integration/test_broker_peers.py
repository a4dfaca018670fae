"""What others make of it: another client reads the log, the resolver agrees with the pins."""

from __future__ import annotations

import asyncio

import pytest
from confluent_kafka import Consumer, Message

from streams.contracts.record import Outgoing
from streams.contracts.topics import POLICIES
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.jars import PINS, resolve_pins
from streams.kafka.publisher import Publisher

RECORDS = 500


def _read_by_another_client(bootstrap: str) -> list[Message]:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "another",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([POLICIES.name])
    try:
        return consumer.consume(RECORDS, timeout=120)
    finally:
        consumer.close()


async def test_another_client_reads_what_we_wrote(empty_broker: EmbeddedBroker) -> None:
    connection = Connection(empty_broker.bootstrap)
    await ensure_topics(connection, 1)
    async with Publisher(connection) as publisher:
        await publisher.publish(
            [
                Outgoing(POLICIES.name, b"%d" % n, b"v%d" % n, (("n", b"h%d" % n),))
                for n in range(RECORDS)
            ]
        )
    read = await asyncio.to_thread(_read_by_another_client, empty_broker.bootstrap)
    assert [(m.offset(), m.key(), m.value(), m.headers()) for m in read] == [
        (n, b"%d" % n, b"v%d" % n, [("n", b"h%d" % n)]) for n in range(RECORDS)
    ]


@pytest.mark.slow
def test_the_pins_are_what_the_resolver_finds() -> None:
    assert resolve_pins() == PINS.read_text(encoding="utf-8")
