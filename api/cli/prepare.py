"""What must be in place before the first role runs; nothing where it is already."""

from __future__ import annotations

import time

from api.cli.broken_off import broken_off
from config.settings import Settings
from streams.contracts.topics import every_topic
from streams.contracts.trust import Signer
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.errors import ImportUnfinished


async def prepare(settings: Settings, connection: Connection, signer: Signer) -> None:
    """Make the token and the topics, and put the first policy in force.

    Raises
    ------
    ImportUnfinished
        If an import of the log was broken off.
    TopicError
        If a topic is there with another number of partitions.
    BrokerAway
        If no broker answers.
    """
    from streams.kafka.publisher import Publisher
    from streams.producers.policy import ensure_policy
    from streams.producers.silences import ensure_silences

    settings.token()
    try:
        topics = every_topic(settings.inbox_days)
        await ensure_topics(connection, settings.partitions, topics)
    except ImportUnfinished as error:
        raise ImportUnfinished(await broken_off(settings, connection)) from error
    async with Publisher(connection) as publisher:
        await ensure_policy(connection, publisher, signer)
        await ensure_silences(connection, publisher, signer, time.time())
