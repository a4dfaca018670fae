"""A node that cannot keep an outcome ends, and the next one settles what was claimed."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from config.configuration import Configuration
from config.services import Service
from config.settings import Settings
from processors.executors.claims import Claims
from processors.executors.node import Node, run_node
from processors.executors.services.ledger import Ledger
from processors.executors.services.managed import ManagedService
from streams.contracts.envelope import Event, decode_event, outgoing
from streams.contracts.events.action import Command
from streams.contracts.record import Outgoing
from streams.contracts.topics import COMMANDS, GOVERNANCE
from streams.contracts.trust import Signer
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.publisher import Publisher
from tests.conftest import BrokerFactory
from tests.end_to_end.harness import read_all

SIGNER = Signer(b"a secret for tests only")
WEB = {"name": "web", "command": ["sleep", "600"]}


def refused_later(action_id: str) -> Outgoing:
    """Return a command whose outcome is a refusal: it came too late."""
    data = Command(action_id, "service.stop", "default/web", "here", {}, 10, 1.0, False, 1)
    event = Event(
        id=str(uuid.uuid4()),
        source="/steps/governor",
        type="service.stop",
        subject="default/web",
        time="2026-01-01T00:00:00.000000Z",
        tenant="default",
        data=msgspec.to_builtins(data),
        dataschema="/schemas/service.stop/1",
    )
    return SIGNER.sign(outgoing(event, COMMANDS.name, 0))


async def run(home: Path, connection: Connection, stop: asyncio.Event) -> None:
    """Run a node of host ``here`` until `stop`."""
    configuration = Configuration.model_validate({"host": "here", "services": [WEB]})
    async with Publisher(connection) as publisher:
        await Node(configuration, home, connection, publisher, SIGNER).run(stop)


async def finished(connection: Connection) -> list[Event]:
    """Return every outcome that was told, repeated ones too."""
    records = await read_all(connection, [GOVERNANCE.name])
    events = [decode_event(record.value) for record in records]
    return [event for event in events if event.type == "action.finished"]


def unfinished(home: Path) -> list[Event]:
    """Return what the journal of a node that has ended still holds."""
    with closing(Claims(home / "claims.jsonl")) as claims:
        return claims.unfinished()


async def test_an_outcome_that_cannot_be_kept_ends_the_node_and_is_settled_by_the_next(
    fresh_broker: BrokerFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = Connection((await fresh_broker()).bootstrap)
    await ensure_topics(connection, 1)
    async with Publisher(connection) as publisher:
        await publisher.publish([refused_later(str(uuid.uuid4()))])

    web = ManagedService(
        Service.model_validate(WEB), Ledger(tmp_path / "services"), tmp_path / "log", lambda _: None
    )
    running = web.start()

    def full(self: Claims, command_id: str) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Claims, "finish", full)
        with pytest.raises(OSError, match="No space left"):
            await asyncio.wait_for(run(tmp_path, connection, asyncio.Event()), 120)
    assert len(unfinished(tmp_path)) == 1
    assert running.alive(), "a fault of the node's ended a service"

    stop = asyncio.Event()
    later = asyncio.create_task(run(tmp_path, connection, stop))
    async with asyncio.timeout(120):
        while len(await finished(connection)) < 2:
            await asyncio.sleep(0.05)
    stop.set()
    await later
    assert not running.alive()
    assert unfinished(tmp_path) == []
    assert len({event.id for event in await finished(connection)}) == 1, "readers see two outcomes"


async def test_a_node_that_is_started_without_a_broker_obeys_when_it_is_back(
    fresh_broker: BrokerFactory, tmp_path: Path
) -> None:
    own = await fresh_broker()
    connection = Connection(own.bootstrap)
    await ensure_topics(connection, 1)
    async with Publisher(connection) as publisher:
        await publisher.publish([refused_later(str(uuid.uuid4()))])
    os.kill(own.pid, signal.SIGKILL)
    await own.wait()

    configured, stop = tmp_path / "here.yaml", asyncio.Event()
    configured.write_text("host: here\n", encoding="utf-8")
    settings = Settings(home=tmp_path / "home", config=configured)
    node = asyncio.create_task(run_node(settings, connection, SIGNER, stop))
    await asyncio.wait({node}, timeout=2)
    assert not node.done(), node.exception()

    await own.start()
    async with asyncio.timeout(60):
        while not await finished(connection):
            await asyncio.sleep(0.05)
    stop.set()
    await node
