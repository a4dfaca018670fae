"""The topic of tokens is followed through an absence of the log, which is told of once."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from api.identity import following
from api.identity.following import Follower
from api.identity.ledger import Ledger
from streams.contracts.record import Outgoing
from streams.contracts.topics import TOKENS
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.publisher import Publisher
from tests.integration.log_of_facts import PARTITIONS, SIGNER
from tests.ports import free_port


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the API's log has; the client of the broker has words of its own."""
    return [record.getMessage() for record in caplog.records if record.name == "homeostat.api"]


async def test_an_absence_is_told_of_once_and_its_end_too(
    broker: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "homeostat.api")
    monkeypatch.setattr(following, "PAUSE_S", 0.0)
    follower = Follower(Ledger(()), Connection(f"127.0.0.1:{free_port()}"), SIGNER)
    for _ in range(3):
        await follower._follow_once()
    told = said(caplog)
    assert len(told) == 1
    assert told[0].startswith("tokens cannot be followed until the log is back: ")

    follower._connection = Connection(broker.bootstrap)
    await ensure_topics(follower._connection, PARTITIONS)
    task = asyncio.create_task(follower.run())
    try:
        while not follower.ledger.current:
            await asyncio.sleep(0)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert said(caplog)[1:] == ["tokens are followed again"]


async def test_a_flood_of_records_that_are_no_tokens_is_told_of_once(
    broker: Any, caplog: pytest.LogCaptureFixture
) -> None:
    connection = Connection(broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    async with Publisher(connection) as publisher:
        places = await publisher.publish([Outgoing(TOKENS.name, b"x", b"{}")] * 500)
    follower = Follower(Ledger(()), connection, SIGNER)
    task = asyncio.create_task(follower.run())
    try:
        await follower.reached(places[-1].offset)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    (told,) = said(caplog)
    assert " is no record of a token: " in told
