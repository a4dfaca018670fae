"""The heartbeat client against a real broker, which is killed meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal

from streams.contracts.telemetry import decode_heartbeat
from streams.contracts.topics import TELEMETRY
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.log_reader import LogReader
from streams.producers.heartbeat import AsyncHeartbeatClient, Buffer, HeartbeatClient
from tests.conftest import BrokerFactory


async def beats(connection: Connection, agent: str) -> list[int]:
    """Return the sequences that an agent wrote, first occurrences only, in order of the log."""
    async with LogReader(connection) as reader:
        ends = await reader.end_offsets([TELEMETRY.name])
        batches = reader.read(dict.fromkeys(ends, 0), ends)
        values = [record.value async for records in batches for record in records]
    # Other tests write to the same log, and not only heartbeats.
    read = [decode_heartbeat(value) for value in values if value and agent.encode() in value]
    return list(dict.fromkeys(b.sequence for b in read if b.agent_id == agent))


async def test_a_program_s_heartbeats_are_in_the_log(broker: EmbeddedBroker) -> None:
    connection = Connection(broker.bootstrap)
    await ensure_topics(connection, 4)

    def program() -> int:
        with HeartbeatClient("sync-client", kafka=broker.bootstrap) as client:
            for n in range(2000):
                client.send({"n": n})
            assert client.flush(120)
            return client.counters.sent

    assert await asyncio.to_thread(program) == 2000
    assert await beats(connection, "sync-client") == list(range(2000))


async def test_nothing_is_lost_while_the_broker_is_dead(fresh_broker: BrokerFactory) -> None:
    broker = await fresh_broker()
    connection = Connection(broker.bootstrap)
    await ensure_topics(connection, 4)
    async with AsyncHeartbeatClient("patient", kafka=broker.bootstrap) as client:
        client.send({"n": 0})
        assert await client.flush(120)
        os.kill(broker.pid, signal.SIGKILL)
        await broker.wait()
        for n in range(1, 500):
            assert client.send({"n": n})
        assert not await client.flush(0.5)
        await broker.start()
        assert await client.flush(120)
    assert client.buffer.dropped == 0
    assert await beats(connection, "patient") == list(range(500))


async def test_beyond_the_buffer_the_oldest_are_counted(fresh_broker: BrokerFactory) -> None:
    broker = await fresh_broker()
    connection = Connection(broker.bootstrap)
    await ensure_topics(connection, 4)
    buffer = Buffer(max_count=100)
    async with AsyncHeartbeatClient("small", kafka=broker.bootstrap, buffer=buffer) as client:
        os.kill(broker.pid, signal.SIGKILL)
        await broker.wait()
        for n in range(300):
            client.send({"n": n})
        await broker.start()
        assert await client.flush(120)
    found = await beats(connection, "small")
    assert buffer.dropped == 200
    assert found == list(range(200, 300))
