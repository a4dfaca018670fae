"""The bare loop: aiokafka and a decoder, and nothing done with what was read."""

from __future__ import annotations

import asyncio
import sys

from tests.benchmarks.common_job.job import decode
from tests.benchmarks.common_job.meter import Meter


async def main(bootstrap: str, topic: str, goal: int) -> None:
    """Read it all once."""
    from aiokafka import AIOKafkaConsumer

    meter = Meter(goal)
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 << 20,
    )
    await consumer.start()
    try:
        while not meter.done:
            for records in (await consumer.getmany(timeout_ms=1000, max_records=4000)).values():
                for record in records:
                    decode(record.value)
                meter.add(len(records))
    finally:
        await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
