"""A worker that is started while the broker is away waits for it, as all others do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from processors.runtime import worker as module
from processors.runtime.member import Member
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway


class Starting:
    """A worker that finds no broker the first `away` times."""

    def __init__(self, away: int) -> None:
        self.tries = 0
        self.stopped = False
        self._away = away

    async def start(self) -> None:
        """Find nobody, or a broker."""
        self.tries += 1
        if self.tries <= self._away:
            raise BrokerAway("127.0.0.1:9092 does not answer")

    async def until(self, stop: asyncio.Event) -> None:
        """Work."""
        await stop.wait()

    async def stop(self) -> None:
        """Leave in order, which only who has begun can."""
        self.stopped = True


Runs = Callable[[Starting, asyncio.Event], Coroutine[object, object, None]]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    """Give what runs a worker, but leaves the process of the tests as it is."""

    def run(starting: Starting, stop: asyncio.Event) -> Coroutine[object, object, None]:
        monkeypatch.setattr(module, "prepare", lambda: None)
        monkeypatch.setattr(module, "calm_client_logs", lambda: None)
        monkeypatch.setattr(module, "Worker", lambda *_: starting)
        member, connection = Member(0, 1), Connection("127.0.0.1:9092")
        return module.run_worker(connection, [], Signer(b"s" * 32), member, stop=stop, ticker=False)

    return run


async def test_it_works_when_the_broker_answers(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_AGAIN_S", 0.001, raising=False)
    starting, stop = Starting(away=3), asyncio.Event()
    running = asyncio.create_task(runs(starting, stop))
    async with asyncio.timeout(5):
        while starting.tries < 4:
            await asyncio.sleep(0.001)
            assert not running.done()
        stop.set()
        await running
    assert starting.stopped
    assert caplog.text.count("does not answer") == 1


async def test_the_wait_ends_when_it_is_told_to_stop(runs: Runs) -> None:
    starting, stop = Starting(away=1_000), asyncio.Event()
    running = asyncio.create_task(runs(starting, stop))
    await asyncio.sleep(0.01)
    assert not running.done()
    stop.set()
    async with asyncio.timeout(0.5):
        await running
    assert not starting.stopped
