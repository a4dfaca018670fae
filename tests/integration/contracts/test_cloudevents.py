"""Events in the log are CloudEvents for whoever reads Kafka with a client of their own."""

from __future__ import annotations

import uuid
from collections import Counter

import httpx
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from streams.contracts.topics import TOPICS
from tests.contracts.cloudevents import STRUCTURED, content_type, faults
from tests.integration.contracts.conftest import Served

NO_EVENTS = {b"telemetry", b"forward", b"tick"}
"""Measurements are plain JSON, and ticks are control records; neither claims to be an event."""


def read_all(bootstrap: str) -> list[Message]:
    """Read every topic to its end with another client."""
    group = {"group.id": str(uuid.uuid4()), "auto.offset.reset": "earliest"}
    consumer = Consumer({"bootstrap.servers": bootstrap, "enable.partition.eof": True, **group})
    try:
        known = consumer.list_topics(timeout=30).topics
        places = [TopicPartition(t.name, p, 0) for t in TOPICS for p in known[t.name].partitions]
        consumer.assign(places)
        found, ended = [], 0
        while ended < len(places):
            message = consumer.poll(30)
            assert message is not None
            if message.error() is None:
                found.append(message)
            elif message.error().code() == KafkaError._PARTITION_EOF:
                ended += 1
            else:
                raise AssertionError(message.error())
        return found
    finally:
        consumer.close()


def test_every_event_says_that_it_is_one_and_is(served: Served) -> None:
    v1 = f"{served.base}/api/v1"
    with httpx.Client(headers=served.headers) as client:
        change, key = {"policy": {}, "reason": "as shipped"}, {"idempotency-key": "plain-reader"}
        assert client.put(f"{v1}/policy", json=change, headers=key).status_code == 202
        beat = {"metrics": {"cpu_usage": 1.0}}
        assert client.post(f"{v1}/agents/plain/metrics", json=beat).status_code == 202
    seen: Counter[str] = Counter()
    for message in read_all(served.connection.bootstrap):
        headers = message.headers() or []
        kind = dict(headers)["hs-kind"]
        if content_type(headers).startswith(STRUCTURED):
            assert kind == b"event"
            assert faults(message.value()) == [], (message.topic(), message.value())
            seen[message.topic()] += 1
        else:
            assert kind in NO_EVENTS, (message.topic(), headers)
    written = {"telemetry", "decisions", "governance", "fleet", "findings", "actions"}
    assert written | {"policies", "requests"} <= seen.keys()
