"""What all tests share: a real broker, and brokers of their own for tests that break things."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

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
