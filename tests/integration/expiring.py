"""A log whose beginning has expired, sooner than it would."""

from __future__ import annotations

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from streams.kafka.connection import Connection
from streams.kafka.log_reader import Place


async def expire(connection: Connection, before: dict[Place, int]) -> None:
    """Delete what lies before some offsets, as the broker does when it has become too old."""
    admin = AIOKafkaAdminClient(bootstrap_servers=connection.bootstrap)
    await admin.start()
    try:
        await admin.delete_records(
            {TopicPartition(*place): RecordsToDelete(offset) for place, offset in before.items()}
        )
    finally:
        await admin.close()
