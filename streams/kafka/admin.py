"""Makes the topics, explicitly, and compares what is there with what is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from streams.contracts.topics import Topic, every_topic
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway, ImportUnfinished, TopicError

STAMPS: Final = "message.timestamp.type"
GIVEN: Final = "CreateTime"
"""The value of `STAMPS` with which a topic takes the stamps of the records themselves."""
_OF_THE_TOPIC: Final = 1
"""The protocol's code for a setting made on the topic itself, not inherited."""
_NONE: Final = 0
_EXISTS: Final = 36
_AGAIN_S: Final = 0.02
_PATIENCE_S: Final = 30.0


async def ensure_topics(
    connection: Connection,
    partitions: int,
    topics: Collection[Topic] | None = None,
    *,
    imported: bool = False,
) -> None:
    """Create every topic that is missing, and alter the settings of those that differ.

    Parameters
    ----------
    connection : Connection
        How to reach the broker.
    partitions : int
        Of every keyed topic; fixed when the log is made.
    topics : collection of Topic, optional
        Which, with which settings; all, as declared, unless given.
    imported : bool
        Whether an import ends here: its topics take the broker's stamps from now on.

    Raises
    ------
    ImportUnfinished
        If an import was broken off.
    TopicError
        If a topic has another number of partitions, or the broker refuses a change.
    BrokerAway
        If no broker answers.
    """
    async with _admin(connection) as client:
        if not imported and await _takes_given_stamps(client, topics or every_topic()):
            raise ImportUnfinished("topics take the stamps of files: an import was broken off")
        await _ensure(client, topics or every_topic(), partitions)


async def is_being_imported(connection: Connection) -> bool:
    """Say whether the inboxes take the stamps of files, as they do while a log is imported."""
    async with _admin(connection) as client:
        return await _takes_given_stamps(client, every_topic())


@asynccontextmanager
async def _admin(connection: Connection) -> AsyncIterator[Any]:
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError

    client = AIOKafkaAdminClient(**connection.client_options())
    try:
        await client.start()
        yield client
    except (KafkaConnectionError, KafkaTimeoutError) as error:
        raise BrokerAway(f"{connection.bootstrap} does not answer: {error}") from error
    finally:
        await client.close()


async def _ensure(client: Any, topics: Collection[Topic], partitions: int) -> None:
    there = await _partition_counts(client)
    missing = [topic for topic in topics if topic.name not in there]
    standing = [topic for topic in topics if topic.name in there]
    for topic in standing:
        _check_count(topic, there[topic.name], topic.partitions(partitions))
    if standing:
        await _alter_differing(client, standing)
    if missing:
        await _create(client, missing, partitions)


def _check_count(topic: Topic, there: int, wanted: int) -> None:
    if there != wanted:
        raise TopicError(
            f"topic {topic.name} has {there} partitions, but {wanted} are wanted; the number is "
            f"fixed when the log is made: set HOMEOSTAT_PARTITIONS to what it was, or replay the "
            f"log into a new installation"
        )


async def _partition_counts(client: Any) -> dict[str, int]:
    described = await client.describe_topics()
    return {
        topic["topic"]: len(topic["partitions"])
        for topic in described
        if topic["error_code"] == _NONE
    }


async def _create(client: Any, topics: Collection[Topic], partitions: int) -> None:
    from aiokafka.admin import NewTopic

    response = await client.create_topics(
        [NewTopic(t.name, t.partitions(partitions), 1, topic_configs=t.config()) for t in topics]
    )
    for name, code, message in response.topic_errors:
        if code not in {_NONE, _EXISTS}:  # another process may have made it meanwhile
            raise TopicError(f"topic {name} could not be created: {message} (error {code})")
    async with asyncio.timeout(_PATIENCE_S):
        await _until_led(client, {topic.name for topic in topics})


async def _until_led(client: Any, names: Collection[str]) -> None:
    """Wait until writers find every partition: creation is answered a moment earlier."""
    while True:
        described = await client.describe_topics(list(names))
        if all(topic["error_code"] == _NONE and _led(topic) for topic in described):
            return
        await asyncio.sleep(_AGAIN_S)


def _led(topic: Mapping[str, Any]) -> bool:
    partitions = topic["partitions"]
    return bool(partitions) and all(p["error_code"] == _NONE for p in partitions)


async def _takes_given_stamps(client: Any, topics: Collection[Topic]) -> bool:
    """Say whether an inbox among `topics` takes other stamps than the broker's own."""
    there = await _partition_counts(client)
    inboxes = [topic for topic in topics if topic.log_append_time and topic.name in there]
    settings = await _settings(client, inboxes) if inboxes else {}
    return any(own.get(STAMPS) == GIVEN for own in settings.values())


async def _settings(client: Any, topics: Collection[Topic]) -> dict[str, dict[str, str]]:
    """Return what is set on each of `topics` itself."""
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

    wanted = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    answers = await client.describe_configs(wanted)
    return {
        resource[3]: _own_settings(resource) for answer in answers for resource in answer.resources
    }


async def _alter_differing(client: Any, topics: Collection[Topic]) -> None:
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

    kind = ConfigResourceType.TOPIC
    there = await _settings(client, topics)
    changes = [
        # The request replaces all settings, so what others set on purpose goes along.
        ConfigResource(kind, topic.name, there[topic.name] | topic.config())
        for topic in topics
        if there[topic.name] | topic.config() != there[topic.name]
    ]
    if not changes:
        return
    for answer in await client.alter_configs(changes):
        for code, message, _, name in answer.resources:
            if code != _NONE:
                raise TopicError(f"settings of {name} cannot be changed: {message} (error {code})")


def _own_settings(resource: Any) -> dict[str, str]:
    code, message, _, name, settings = resource
    if code != _NONE:
        raise TopicError(f"settings of {name} cannot be read: {message} (error {code})")
    return {entry[0]: entry[1] for entry in settings if entry[3] == _OF_THE_TOPIC}
