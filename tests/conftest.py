"""What all tests share: a real broker, its log empty where that is asked for, or one to break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.embedded_broker import EmbeddedBroker
from tests.ports import free_port

BrokerFactory = Callable[[], Awaitable[EmbeddedBroker]]


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """Run a real broker for the session; `.bootstrap` says where. It has no topics at first."""
    started = EmbeddedBroker(tmp_path_factory.mktemp("bröker, 1"), free_port(), report=print)
    try:
        asyncio.run(started.start())
        yield started
    finally:
        asyncio.run(started.stop())


@pytest.fixture
async def empty_broker(broker: EmbeddedBroker) -> AsyncIterator[EmbeddedBroker]:
    """Give the session's broker without a topic: a log of the test's own, sooner than a broker."""
    await _drop_topics(broker)
    yield broker
    await _drop_topics(broker)


async def _drop_topics(broker: EmbeddedBroker) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await client.start()
    try:
        while left := [name for name in await client.list_topics() if not name.startswith("__")]:
            await client.delete_topics(left)
    finally:
        await client.close()


@pytest.fixture
async def fresh_broker(tmp_path: Path) -> AsyncIterator[BrokerFactory]:
    """Start empty brokers of the test's own, ended with it: ``own = await fresh_broker()``."""
    async with AsyncExitStack() as brokers:
        started = 0

        async def start() -> EmbeddedBroker:
            nonlocal started
            started += 1
            broker = EmbeddedBroker(tmp_path / f"broker-{started}", free_port(), report=print)
            brokers.push_async_callback(broker.stop)
            await broker.start()
            return broker

        yield start
