"""An API with a real broker, a projector and a past, for what other programs know of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Queue

import httpx
import pytest

from api.server import run_api
from config.settings import Settings
from projections.projector import run_projector
from streams.contracts.events.action import ActionAwaiting
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.publisher import Publisher
from tests.integration.log_of_facts import (
    PARTITIONS,
    SIGNER,
    T0,
    Fact,
    finished,
    granted,
    proposed,
    raised,
    registered,
    sealed,
    windows,
)
from tests.ports import free_port

WAITING = [f"waiting-{i}" for i in range(40)]
"""Actions that wait for a person: answering one uses it up."""


@dataclass(frozen=True)
class Served:
    """Where the API is, and what lets one in."""

    base: str
    token: str
    shown: str
    """A position that the views show."""
    connection: Connection
    settings: Settings

    @property
    def headers(self) -> dict[str, str]:
        """Return what a client of the first token sends."""
        return {"Authorization": f"Bearer {self.token}"}


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run broker, projector and API; their views hold a small past when this returns."""
    home = tmp_path_factory.mktemp("contracts")
    settings = Settings(home=home, api_port=0, partitions=PARTITIONS)
    listening: Queue[int | BaseException] = Queue()
    places: Queue[str] = Queue()
    stop, loop = asyncio.Event(), asyncio.new_event_loop()
    broker = EmbeddedBroker(home / "broker", free_port(), report=print)

    async def serve() -> None:
        connection = Connection(broker.bootstrap)
        await broker.start()
        try:
            await ensure_topics(connection, PARTITIONS)
            places.put(await _past(connection))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(run_projector(settings, connection, SIGNER, stop))
                api = run_api(settings, connection, SIGNER, stop, listening=listening.put)
                tasks.create_task(api)
        finally:
            await broker.stop()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        except BaseException as error:  # noqa: BLE001 - told to who waits, whatever it is
            listening.put(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        port = listening.get(timeout=180)
        if isinstance(port, BaseException):
            raise port
        base = f"http://127.0.0.1:{port}"
        connection = Connection(broker.bootstrap)
        made = Served(base, settings.token(), places.get(), connection, settings)
        _until_shown(made)
        yield made
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def _past(connection: Connection) -> str:
    """Write what steps would have: agents, a finding that was healed, actions that wait.

    Returns the position of one of these.
    """
    seen = [
        (0, registered("web-1", cpu_usage=41.5)),
        (1, registered("web-2", cpu_usage=12.0)),
        (2, raised("web-1", "finding-1", T0 + 1)),
        (3, windows(["web-1"], T0, 40.0)),
    ]
    done = [
        (0, proposed("web-1", "action-1", "finding-1", T0 + 1.1)),
        (1, granted("web-1", "action-1", "finding-1", T0 + 1.2)),
        (2, finished("web-1", "action-1", "finding-1", T0 + 1.5)),
    ]
    asked = [(3 + i, proposed("web-1", one, "finding-1", T0 + 2)) for i, one in enumerate(WAITING)]
    waits = [(i, _awaiting(one)) for i, one in enumerate(WAITING)]
    async with Publisher(connection) as publisher:
        (first, *_) = await publisher.publish(sealed("surveillance", "telemetry", 0, seen))
        await publisher.publish(sealed("decision", "decisions", 0, [*done, *asked]))
        await publisher.publish(sealed("governor", "governance", 0, waits))
    return str(first)


def _awaiting(action_id: str) -> Fact:
    data = ActionAwaiting(
        action_id, "service.restart", "default/web-1", "approve", T0 + 99, "preview"
    )
    return Fact("default/web-1", data, T0 + 3, "finding-1")


def _until_shown(made: Served) -> None:
    last = f"{made.base}/api/v1/actions/{WAITING[-1]}"
    with httpx.Client(headers=made.headers, timeout=60) as client:
        while True:
            answer = client.get(last)
            if answer.status_code == 200 and answer.json()["state"] == "awaiting":
                return
