"""The job in plain Faust: one event at a time, state in a table with its changelog."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from typing import Any

import faust
import msgspec

from tests.benchmarks.common_job.job import blank, decode, fold
from tests.benchmarks.common_job.meter import Meter

PARTITIONS = 4


async def main(bootstrap: str, topic: str, goal: int) -> None:
    """Fold it all, and leave."""
    meter, done = Meter(goal), asyncio.Event()
    with tempfile.TemporaryDirectory() as data:
        app = faust.App(
            "common-job-faust", broker=f"kafka://{bootstrap}", store="memory://", datadir=data,
            web_enabled=False, topic_disable_leader=True, topic_partitions=PARTITIONS,
            topic_replication_factor=1, consumer_auto_offset_reset="earliest",
            broker_max_poll_records=4000, loghandlers=[],
        )  # fmt: skip
        known = app.Table("agents", partitions=PARTITIONS)
        results = app.topic("common-job.windows.faust", value_serializer="raw", partitions=1)

        async def agent(stream: Any) -> None:
            async for value in stream:
                beat = decode(value)
                state = known.get(beat.agent_id) or blank()
                window = fold(state, beat)
                known[beat.agent_id] = state
                if window is not None:
                    await results.send(value=msgspec.json.encode(window))
                meter.add()
                if meter.done:
                    done.set()

        app.agent(app.topic(topic, value_serializer="raw", key_type=bytes))(agent)
        await app.start()
        await done.wait()
        await app.producer.flush()
        await app.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
