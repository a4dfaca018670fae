"""What waits, what is counted, and what nobody waits for any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from api.audit import trail as trails
from api.audit.record import Entry, Level, Outcome
from api.audit.refusals import Refusals
from api.audit.trail import MOST_WAITING, Trail
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.errors import PublishError
from streams.kafka.publisher import Publisher
from tests.ports import free_port

SIGNER = Signer(b"a secret of thirty-two bytes, yes")


def entry(resource: str, actor: str = "bob") -> Entry:
    return Entry(1e9, actor, "viewer", "t", "http.get", resource, Outcome.REFUSED, Level.WARNING,
                 {"status": "403", "address": "::1"})  # fmt: skip


@pytest.fixture
async def away() -> AsyncIterator[Trail]:
    """Give a trail whose broker does not answer."""
    connection = Connection(f"127.0.0.1:{free_port()}")
    trail = Trail(connection, Publisher(connection), SIGNER)
    task = asyncio.create_task(trail.run())
    yield trail
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_nobody_waits_for_a_broker_that_is_away(away: Trail):
    with pytest.raises(PublishError):
        await away.before(entry("needed"))
    await away.note(entry("noted"))  # returns, and stays to be written


async def test_what_does_not_fit_is_counted_and_told(caplog):
    connection = Connection(f"127.0.0.1:{free_port()}")
    trail = Trail(connection, Publisher(connection), SIGNER)
    for number in range(MOST_WAITING + 7):
        trail.note(entry(str(number)))
    assert len(trail._waiting) == MOST_WAITING
    assert trail._missed == 7
    await trail.close()
    assert f"{MOST_WAITING + 7} records" in caplog.text


class Kept(Trail):
    """A trail that keeps what it is given."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def note(self, entry: Entry) -> asyncio.Future[None]:
        self.entries.append(entry)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


async def test_refusals_of_one_actor_are_written_once_and_then_counted():
    kept = Kept()
    refusals = Refusals(kept, window_s=3600)
    for number in range(50):
        refusals.note(entry(f"/{number}"), "::1")
    refusals.note(entry("/other", actor="eve"), "::1")
    refusals.note(entry("/elsewhere"), "10.0.0.1")
    assert [e.resource for e in kept.entries] == ["/0", "/other", "/elsewhere"]
    refusals.close()
    summary = kept.entries[3:]
    assert [e.details["times"] for e in summary] == ["49"]
    assert summary[0].details["resources"].startswith("http.get /1, http.get /2, ")
    assert "/49" not in summary[0].details["resources"]


async def test_a_window_ends_by_itself_and_another_begins():
    kept = Kept()
    refusals = Refusals(kept, window_s=0.01)
    refusals.note(entry("/1"), "::1")
    refusals.note(entry("/2"), "::1")
    while len(kept.entries) < 2:
        await asyncio.sleep(0)
    refusals.note(entry("/3"), "::1")
    assert [e.resource for e in kept.entries] == ["/1", "several", "/3"]


def test_a_request_that_is_refused_is_answered_without_the_log(api):
    """There is no broker here: refusals are answered at once, and wait to be written."""
    with httpx.Client(base_url=api.base, timeout=5) as client:
        for _ in range(20):
            assert client.get("/api/v1/agents").status_code == 401
    assert trails.MOST_WAITING > 20
