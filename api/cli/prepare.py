"""What must be in place before the first role runs; nothing where it is already."""

from __future__ import annotations

from config.settings import Settings
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

    settings.token()
    try:
        await ensure_topics(connection, settings.partitions)
    except ImportUnfinished as error:
        raise ImportUnfinished(await _broken_off(settings, connection)) from error
    async with Publisher(connection) as publisher:
        await ensure_policy(connection, publisher, signer)


async def _broken_off(settings: Settings, connection: Connection) -> str:
    from streams.kafka.log_begun import count_of, read_written

    records = count_of(await read_written(connection))
    where = settings.kafka or settings.home / "kafka"
    return (
        f"the log in {where} is not whole: an import was broken off at record {records:,}; "
        "`homeostat log import` of the same folder goes on there, or delete the log to begin anew"
    )
