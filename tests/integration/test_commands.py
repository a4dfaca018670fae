"""What an executor reads from the log of commands: it obeys what is signed and whole."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import Any

import msgspec
import pytest

from processors.executors.commands import CommandLog
from streams.contracts.envelope import Event, decode_event, outgoing
from streams.contracts.events.action import Command
from streams.contracts.record import Outgoing
from streams.contracts.topics import COMMANDS, DEAD_LETTERS
from streams.contracts.trust import Signer
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.publisher import Publisher

SIGNER = Signer(b"a secret for tests only")
WHOLE: dict[str, Any] = msgspec.to_builtins(
    Command("a1", "service.restart", "default/web", "here", {}, 30.0, 4e9, False, 1)
)


def named(name: str) -> str:
    """Return the id of a command that a test calls `name`."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def command(name: str, data: dict[str, Any], identity: str | None = None) -> Outgoing:
    event = Event(
        id=identity or named(name),
        source="/steps/governor",
        type="service.restart",
        subject="default/web",
        time="2026-01-01T00:00:00.000000Z",
        tenant="default",
        data=data,
        dataschema="/schemas/service.restart/1",
    )
    return outgoing(event, COMMANDS.name, 0)


async def read(log: CommandLog, count: int) -> list[Event | list[Outgoing]]:
    found = []
    async with asyncio.timeout(120):
        async for item in log.follow():
            found.append(item)
            if len(found) == count:
                return found
    raise AssertionError("the log of commands ended")


@pytest.fixture
async def connection(empty_broker: EmbeddedBroker) -> Connection:
    """Give the connection to an empty log, with the topics."""
    made = Connection(empty_broker.bootstrap)
    await ensure_topics(made, 1)
    return made


async def test_only_signed_and_whole_commands_are_obeyed(
    connection: Connection, tmp_path: Path
) -> None:
    records = [
        command("unsigned", WHOLE),
        SIGNER.sign(command("no-target", {k: v for k, v in WHOLE.items() if k != "target"})),
        SIGNER.sign(command("wrong-type", WHOLE | {"timeout_s": "soon"})),
        SIGNER.sign(command("no-uuid", WHOLE, identity="the-first")),
        SIGNER.sign(Outgoing(COMMANDS.name, b"default/web", b"{", partition=0)),
        SIGNER.sign(command("whole", WHOLE)),
    ]
    async with Publisher(connection) as publisher:
        await publisher.publish(records)
    found = await read(CommandLog(connection, SIGNER, tmp_path / "offset"), len(records))
    letters = [decode_event(item[0].value) for item in found[:-1] if isinstance(item, list)]
    reasons = [letter.data["reason"] for letter in letters]
    assert reasons == [
        "unsigned_command",
        "malformed_command",
        "malformed_command",
        "malformed_command",
        "malformed_event",
    ]
    assert all(item[0].topic == DEAD_LETTERS.name for item in found[:-1] if isinstance(item, list))
    assert isinstance(found[-1], Event)
    assert found[-1].id == named("whole")


async def test_two_hosts_tell_the_same_of_a_bad_command(
    connection: Connection, tmp_path: Path
) -> None:
    async with Publisher(connection) as publisher:
        await publisher.publish([command("unsigned", WHOLE)])
    one, other = [
        await read(CommandLog(connection, SIGNER, tmp_path / host), 1) for host in ("a", "b")
    ]
    assert one == other  # so a reader drops the second by its id


async def test_a_restart_goes_on_after_what_was_read(
    connection: Connection, tmp_path: Path
) -> None:
    async with Publisher(connection) as publisher:
        await publisher.publish([SIGNER.sign(command(name, WHOLE)) for name in ("a", "b", "c")])
    path = tmp_path / "offset"
    first = await read(CommandLog(connection, SIGNER, path), 2)
    second = await read(CommandLog(connection, SIGNER, path), 2)
    # The offset is kept after a command was taken on: the one in hand comes again.
    assert [e.id for e in first + second if isinstance(e, Event)] == [
        named(name) for name in ("a", "b", "b", "c")
    ]
