"""What must be in place before the first role runs; nothing where it is already."""

from __future__ import annotations

from config.settings import Settings
from streams.contracts.trust import Signer
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection


async def prepare(settings: Settings, connection: Connection, signer: Signer) -> None:
    """Make the token and the topics, and put the first policy in force.

    Raises
    ------
    TopicError
        If a topic is there with another number of partitions.
    BrokerAway
        If no broker answers.
    """
    from streams.kafka.publisher import Publisher
    from streams.producers.policy import ensure_policy

    settings.token()
    await ensure_topics(connection, settings.partitions)
    async with Publisher(connection) as publisher:
        await ensure_policy(connection, publisher, signer)
