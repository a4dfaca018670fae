"""Topics are made once, as declared, and corrected where they differ."""

from __future__ import annotations

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.contracts.topics import FINDINGS, every_topic
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway, TopicError


async def settings(client: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    (answer,) = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    return {entry[0]: entry[1] for entry in answer.resources[0][4] if entry[3] == 1}


async def test_topics_are_laid_out_and_kept_as_declared(fresh_broker) -> None:
    own = await fresh_broker()
    connection = Connection(own.bootstrap)
    client = AIOKafkaAdminClient(bootstrap_servers=own.bootstrap)
    await client.start()
    there = {"retention.ms": "5", "segment.ms": "77777"}
    try:
        await client.create_topics([NewTopic(FINDINGS.name, 3, 1, topic_configs=there)])
        await ensure_topics(connection, 3)
        await ensure_topics(connection, 3)
        counts = {t["topic"]: len(t["partitions"]) for t in await client.describe_topics()}
        assert counts == {topic.name: topic.partitions(3) for topic in every_topic()}
        for topic in every_topic():
            assert topic.config().items() <= (await settings(client, topic.name)).items()
        assert (await settings(client, FINDINGS.name))["segment.ms"] == "77777"
        with pytest.raises(TopicError, match="telemetry has 3 partitions, but 4 are wanted"):
            await ensure_topics(connection, 4)
    finally:
        await client.close()


async def test_a_missing_broker_is_named() -> None:
    with pytest.raises(BrokerAway, match=r"127\.0\.0\.1:1"):
        await ensure_topics(Connection("127.0.0.1:1"), 1)
