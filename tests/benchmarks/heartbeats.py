"""Heartbeats of ten metrics in the inbox of surveillance, for benchmarks that need a fleet."""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec
import numpy as np

from streams.contracts.partitioning import partition_for
from streams.contracts.topics import TELEMETRY

METRICS = (
    "cpu_usage", "memory_usage", "disk_usage", "response_time_avg", "error_rate",
    "throughput", "queue_depth", "connections", "gpu_usage", "temperature",
)  # fmt: skip
PARTITIONS = 4
_BLOCK = 10_000


def heartbeats(records: int, agents: int, seed: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """Yield (key, value): every agent reports in turn, its values drifting around 40."""
    drawn = np.random.default_rng(seed)
    for first in range(0, records, _BLOCK):
        values = drawn.normal(40.0, 3.0, (_BLOCK, len(METRICS))).round(3).tolist()
        for number, row in zip(range(first, min(first + _BLOCK, records)), values, strict=False):
            metrics = dict(zip(METRICS, row, strict=True))
            metrics["error_rate"] /= 1000.0
            name = f"agent-{number % agents:06d}"
            yield (
                f"default/{name}".encode(),
                msgspec.json.encode({"agent_id": name, "metrics": metrics}),
            )


async def fill(bootstrap: str, records: int, agents: int) -> float:
    """Write them to the inbox; return how long it took, in seconds."""
    from aiokafka import AIOKafkaProducer

    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=1 << 20)
    await producer.start()
    began = time.perf_counter()
    batches = [producer.create_batch() for _ in range(PARTITIONS)]
    for key, value in heartbeats(records, agents):
        home = partition_for(key, PARTITIONS)
        if batches[home].append(key=key, value=value, timestamp=None) is None:
            await producer.send_batch(batches[home], TELEMETRY.name, partition=home)
            batches[home] = producer.create_batch()
            batches[home].append(key=key, value=value, timestamp=None)
    for home, batch in enumerate(batches):
        await producer.send_batch(batch, TELEMETRY.name, partition=home)
    await producer.stop()
    return time.perf_counter() - began
