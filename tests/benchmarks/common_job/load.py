"""The heartbeats of the common job, the same for every contender."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from streams.contracts.partitioning import partition_for
from tests.benchmarks.common_job.job import BEGIN, INTERVAL_S

PARTITIONS: Final = 4
_VALUE: Final = (
    '{"agent_id":"%s","at":%r,"sequence":%d,"status":"active","agent_type":"service",'
    '"metrics":{"cpu_usage":%d.%d,"memory_usage":%d.5,"latency_ms":%d.25,"error_rate":0.0%d},'
    '"labels":{"host":"host-%04d","version":"2026.11.1","group":"checkout","region":"eu-1",'
    '"team":"payments-platform","image":"checkout:2026.11.1"}}'
)


def heartbeats(records: int, agents: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield (partition, key, value): agents in turn, their time and values moving on."""
    names = [f"agent-{number:06d}" for number in range(agents)]
    keys = [f"default/{name}".encode() for name in names]
    homes = [partition_for(key, PARTITIONS) for key in keys]
    for i in range(records):
        agent, turn = i % agents, i // agents
        drawn = (agent * 7919 + turn * 104_729) % 9973
        at = BEGIN + i * INTERVAL_S / agents
        values = (20 + drawn % 50, drawn % 10, 30 + drawn % 40, 10 + drawn % 90, drawn % 9)
        value = _VALUE % (names[agent], at, i, *values, agent % 1000)
        yield homes[agent], keys[agent], value.encode()


async def fill(bootstrap: str, topic: str, records: int, agents: int) -> int:
    """Write the heartbeats to `topic`; return the mean size of one."""
    from aiokafka import AIOKafkaProducer

    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=1 << 20)
    await producer.start()
    try:
        batches = [producer.create_batch() for _ in range(PARTITIONS)]
        size = 0
        for home, key, value in heartbeats(records, agents):
            size += len(value)
            if batches[home].append(key=key, value=value, timestamp=None) is None:
                await producer.send_batch(batches[home], topic, partition=home)
                batches[home] = producer.create_batch()
                batches[home].append(key=key, value=value, timestamp=None)
        for home, batch in enumerate(batches):
            await producer.send_batch(batch, topic, partition=home)
    finally:
        await producer.stop()
    return size // records
