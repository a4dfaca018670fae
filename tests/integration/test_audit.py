"""The audit trail on a real log: what is on it, and that whoever changes it is found out."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from api.audit.chain import Chain
from api.audit.record import Entry, Level, Outcome
from api.audit.trail import Trail
from api.audit.verifier import Verifier
from api.audit.verifying import verify
from streams.contracts.envelope import decode_event
from streams.contracts.record import Outgoing, Record
from streams.contracts.topics import AUDIT
from streams.contracts.trust import Signer
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.errors import PublishError
from streams.kafka.log_reader import LogReader
from streams.kafka.publisher import Publisher
from tests.conftest import BrokerFactory
from tests.integration.log_of_facts import PARTITIONS, SIGNER
from tests.integration.test_api import log_of, running


@pytest.fixture
async def connection(empty_broker: EmbeddedBroker) -> Connection:
    made = Connection(empty_broker.bootstrap)
    await ensure_topics(made, PARTITIONS)
    return made


def entry(text: str) -> Entry:
    return Entry(1e9, "bob", "admin", "t", "test", text, Outcome.DONE, Level.INFO)


@asynccontextmanager
async def trail_on(connection: Connection, timeout_s: float = 60.0) -> AsyncIterator[Trail]:
    async with Publisher(connection, timeout_s=timeout_s) as publisher:
        trail = Trail(connection, publisher, SIGNER, "test")
        task = asyncio.create_task(trail.run())
        try:
            yield trail
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await trail.close()


async def written(connection: Connection) -> list[Outgoing]:
    """Return what two processes put on record at once, as it lies on the topic."""
    async with trail_on(connection) as one, trail_on(connection) as two:
        for number in range(20):
            trail = (one, two)[number % 2]
            await asyncio.gather(*(trail.before(entry(f"{number}-{i}")) for i in range(3)))
    return [_again(record) for record in await log_of(connection, AUDIT.name)]


def _again(record: Record) -> Outgoing:
    return Outgoing(record.topic, record.key, record.value or b"", tuple(record.headers), 0)


async def put(connection: Connection, records: list[Outgoing]) -> Verifier:
    """Put `records` in place of what is on the topic, as whoever has the broker could."""
    from aiokafka import TopicPartition
    from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

    place = TopicPartition(AUDIT.name, 0)
    async with LogReader(connection) as reader:
        ((_, end),) = (await reader.end_offsets([AUDIT.name])).items()
    admin = AIOKafkaAdminClient(**connection.client_options())
    await admin.start()
    try:
        await admin.delete_records({place: RecordsToDelete(end)})
    finally:
        await admin.close()
    async with Publisher(connection) as publisher:
        await publisher.publish(records[:60])
        await publisher.publish(records[60:])
    found = await verify(connection, SIGNER)
    found.faults = [fault._replace(offset=fault.offset - end) for fault in found.faults]
    return found


async def test_what_was_tampered_with_removed_reordered_or_forged_is_found(
    connection,
):
    records = await written(connection)
    whole = await verify(connection, SIGNER)
    assert (whole.faults, len(whole.heads), whole.records) == ([], 2, 62)
    assert (await put(connection, records)).faults == []

    tampered = list(records)
    tampered[30] = records[30]._replace(value=records[30].value.replace(b"bob", b"eve"))
    forger = Chain("forger", "", 1e9, Signer(b"a secret that is not this one's"))
    at, swapped = _swapped(records)
    cases = {
        "forged": (30, tampered),
        "removed": (_next_of_chain(records, 40) - 1, records[:40] + records[41:]),
        "reordered": (at, swapped),
        "added": (62, [*records, forger.first]),
        "beginning": (0, records[2:]),
    }
    for name, (offset, changed) in cases.items():
        found = await put(connection, changed)
        assert found.faults, name
        assert found.faults[0].offset == offset, (name, found.faults)


def _writers(records: list[Outgoing]) -> list[str]:
    return [decode_event(record.value).data["writer"] for record in records]


def _next_of_chain(records: list[Outgoing], at: int) -> int:
    """Return where the chain of the record `at` goes on."""
    writers = _writers(records)
    return writers.index(writers[at], at + 1)


def _swapped(records: list[Outgoing]) -> tuple[int, list[Outgoing]]:
    """Return where two records of one chain changed places, and all of them."""
    writers = _writers(records)
    at = next(i for i in range(20, 60) if writers[i] == writers[i + 1])
    changed = list(records)
    changed[at], changed[at + 1] = records[at + 1], records[at]
    return at, changed


async def test_an_outage_delays_records_and_loses_none(fresh_broker: BrokerFactory) -> None:
    broker = await fresh_broker()
    connection = Connection(broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    async with trail_on(connection, timeout_s=3.0) as trail:
        await trail.before(entry("before"))
        await broker.stop()
        for number in range(5):
            trail.note(entry(f"during {number}"))
        with pytest.raises(PublishError):
            await trail.before(entry("needed"))
        await broker.start()
        while True:
            try:
                await trail.before(entry("after"))
                break
            except PublishError:
                continue
    found = await verify(connection, SIGNER)
    assert found.faults == []
    records = [decode_event(r.value).data for r in await log_of(connection, AUDIT.name)]
    told = list(dict.fromkeys(record["resource"] for record in records))
    assert [t for t in told if t.startswith("during")] == [f"during {n}" for n in range(5)]
    assert told[-1] == "after"


async def test_a_new_chain_holds_the_end_of_the_one_before(connection):
    async with trail_on(connection) as one:
        await one.before(entry("one"))
    last = (await log_of(connection, AUDIT.name))[-1].value
    async with trail_on(connection) as two:
        await two.before(entry("two"))
    opened = decode_event((await log_of(connection, AUDIT.name))[-2].value).data
    assert opened["action"] == "audit.opened"
    assert opened["details"] == {"after": hashlib.sha256(last).hexdigest()}


async def test_what_people_do_is_on_record_before_it_is_done(tmp_path: Path, connection):
    async with running(tmp_path, connection) as client:
        while (await client.get("/tokens")).status_code == 503:
            pass
        made = await client.post("/tokens", json={"name": "bob", "role": "viewer"})
        token = made.json()["token"]
        bob = {"Authorization": f"Bearer {token}"}
        asked = {"action": "service.restart", "target": "web-1", "parameters": {}}
        assert (await client.post("/session", headers=bob)).status_code == 200
        assert (await client.post("/actions", json=asked, headers=bob)).status_code == 403
        done = await client.post("/actions", json=asked)
        nobody = await client.get("/agents", headers={"Authorization": "Bearer wrong"})
        assert (done.status_code, nobody.status_code) == (202, 401)
        beat = await client.post("/agents/web-1/metrics", json={"metrics": {"m": 1}})
        assert beat.status_code == 202
        wanted = {
            ("admin", "token.issued", "default/bob", "done"),
            ("bob", "http.post", "/api/v1/session", "done"),
            ("bob", "http.post", "/api/v1/actions", "refused"),
            ("admin", "action.requested", "default/web-1", "done"),
            ("anonymous", "http.get", "/api/v1/agents", "refused"),
        }
        seen: dict[tuple[str, ...], dict[str, Any]] = {}
        while not wanted <= seen.keys():
            page = await client.get("/audit", params={"limit": 1000})
            items = page.json()["items"] if page.status_code == 200 else []
            seen = {(r["actor"], r["action"], r["resource"], r["outcome"]): r for r in items}
        assert not any("metrics" in key[2] for key in seen)
        assert seen["admin", "action.requested", "default/web-1", "done"]["details"][
            "event_id"
        ] == done.json()["event_id"]  # fmt: skip
        refused = seen["bob", "http.post", "/api/v1/actions", "refused"]
        assert (refused["role"], refused["tenant_id"], refused["level"]) == (
            "viewer", "default", "warning",
        )  # fmt: skip
        await client.delete(f"/tokens/{made.json()['issued']['token_id']}")
        assert (await client.get("/agents", headers=bob)).status_code == 401
        late: list[dict[str, str]] = []
        while not late:
            page = (await client.get("/audit", params={"actor": "anonymous"})).json()["items"]
            late = [r["details"] for r in page if r["details"].get("holder") == "bob"]
        assert late[0]["token"] == "revoked"
        text = (await client.get("/audit", params={"limit": 1000})).text
        assert token not in text
        only = (await client.get("/audit", params={"actor": "bob", "outcome": "refused"})).json()
        assert [r["resource"] for r in only["items"]] == ["/api/v1/actions"]
    found = await verify(connection, SIGNER)
    assert (found.faults, len(found.heads)) == ([], 1)
    order = [decode_event(r.value).data["action"] for r in await log_of(connection, AUDIT.name)]
    assert order.index("token.issued") < order.index("action.requested")


async def test_without_a_record_nothing_is_done(tmp_path: Path, connection, monkeypatch):
    async def away(_trail: Trail, _entry: Entry) -> None:
        raise PublishError("the trail cannot be written")

    async with running(tmp_path, connection) as client:
        monkeypatch.setattr(Trail, "before", away)
        asked = {"action": "service.restart", "target": "web-1", "parameters": {}}
        answer = await client.post("/actions", json=asked)
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/log-away")
    assert await log_of(connection, "decisions", "actions") == []
