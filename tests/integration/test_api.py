"""What the API writes, as it lies in a real log, and as it is read back from the views."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from api.server import run_api
from config.policy import default_policy, policy_from
from config.settings import Settings
from projections.projector import run_projector
from streams.contracts.envelope import decode_event, outgoing
from streams.contracts.events.action import ActionAwaiting, ActionRefused
from streams.contracts.events.registry import EVENT_TYPES
from streams.contracts.events.silence import SilenceCreated
from streams.contracts.events.told import told_event
from streams.contracts.record import Outgoing, Record
from streams.contracts.telemetry import decode_heartbeat
from streams.contracts.topics import DECISIONS, GOVERNANCE, POLICIES, SILENCES, TELEMETRY
from streams.contracts.trust import RecordKind
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.log_reader import LogReader
from streams.kafka.publisher import Publisher
from streams.producers.policy import ensure_policy, publish_policy
from streams.producers.silences import ensure_silences
from tests.integration.log_of_facts import (
    PARTITIONS,
    SIGNER,
    T0,
    Fact,
    proposed,
    raised,
    registered,
    sealed,
)

V1 = "/api/v1"


@asynccontextmanager
async def running(tmp_path: Path, connection: Connection) -> AsyncIterator[httpx.AsyncClient]:
    """Run an API and a projector over one log; gives a client with the first token."""
    settings = Settings(home=tmp_path, api_port=0, partitions=PARTITIONS)
    stop = asyncio.Event()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run_projector(settings, connection, SIGNER, stop))
        tasks.create_task(run_api(settings, connection, SIGNER, stop, listening=port.set_result))
        try:
            headers = {"Authorization": f"Bearer {settings.token()}"}
            base = f"http://127.0.0.1:{await port}{V1}"
            async with httpx.AsyncClient(base_url=base, headers=headers, timeout=30) as client:
                yield client
        finally:
            stop.set()


@pytest.fixture
async def connection(empty_broker: EmbeddedBroker) -> Connection:
    connection = Connection(empty_broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    return connection


async def log_of(connection: Connection, *topics: str) -> list[Record]:
    async with LogReader(connection) as reader:
        first = await reader.beginning_offsets(topics)
        last = await reader.end_offsets(topics)
        return [r async for records in reader.read(first, last) for r in records]


async def answered(client: httpx.AsyncClient, path: str, **params: str | list[str]) -> Any:
    """Return the answer once the views give one other than 404 or 503."""
    while True:
        answer = await client.get(path, params=params)
        if answer.status_code not in (404, 503):
            assert answer.status_code == 200, answer.text
            return answer.json()


async def reached(client: httpx.AsyncClient, position: str) -> None:
    while not (await answered(client, "/system/reached", position=position))["reached"]:
        pass


async def test_heartbeats_are_signed_and_in_the_log_when_answered(tmp_path, connection):
    async with running(tmp_path, connection) as client:
        body = {"metrics": {"cpu_usage": 41.5}, "labels": {"host": "h1"}, "sequence": 7}
        one = await client.post("/agents/web-1/metrics", json=body)
        beats = [{"agent_id": f"b-{i}", "metrics": {"m": i}} for i in range(200)]
        many = await client.post("/telemetry", params={"tenant": "t2"}, json={"heartbeats": beats})
        assert (one.status_code, many.status_code) == (202, 202), (one.text, many.text)
        await reached(client, one.json()["position"])
    records = await log_of(connection, TELEMETRY.name)
    assert {SIGNER.kind_of(record) for record in records} == {RecordKind.TELEMETRY}
    written = {beat.key: beat for beat in (decode_heartbeat(r.value) for r in records)}
    assert set(written) == {"default/web-1", *(f"t2/b-{i}" for i in range(200))}
    assert written["default/web-1"].metrics == {"cpu_usage": 41.5}
    assert written["default/web-1"].sequence == 7


async def test_requests_lie_in_their_inboxes(tmp_path, connection):
    async with running(tmp_path, connection) as client:
        asked = await client.post(
            "/actions",
            json={"action": "service.restart", "target": "web-1", "parameters": {"a": 1}},
        )
        moved = await client.post(
            "/agents/web-1/lifecycle", json={"status": "maintenance", "reason": "disk"}
        )
        assert (asked.status_code, moved.status_code) == (202, 202)
    (request,) = await log_of(connection, DECISIONS.name)
    assert SIGNER.kind_of(request) is RecordKind.EVENT
    event = decode_event(request.value)
    assert (event.type, event.subject, event.id) == (
        "action.requested", "default/web-1", asked.json()["event_id"],
    )  # fmt: skip
    assert event.data["requested_by"] == "admin"
    (record,) = await log_of(connection, TELEMETRY.name)
    assert decode_event(record.value).type == "agent.lifecycle_requested"


async def test_who_asked_for_an_action_and_whose_answer_was_refused_is_in_the_events(
    tmp_path, connection
):
    await awaiting(connection)
    no = ActionRefused("a-1", "service.restart", "default/web-1", "stale", "look again", "bob")
    fact = Fact("default/web-1", no, T0 + 4, "f-1", kind=EVENT_TYPES["action.approval_refused"])
    async with Publisher(connection) as publisher:
        await publisher.publish(sealed("governor", "governance", 0, [(1, fact)]))
    wanted = {"action.requested", "action.approval_refused"}
    async with running(tmp_path, connection) as client:
        asked = await client.post(
            "/actions", json={"action": "service.restart", "target": "web-1", "parameters": {}}
        )
        assert asked.status_code == 202
        seen: dict[str, Any] = {}
        while seen.keys() != wanted:
            listing = await answered(client, "/events", type=sorted(wanted))
            seen = {event["type"]: event for event in listing["items"]}
        assert (await answered(client, "/actions/a-1"))["state"] == "awaiting"
    assert seen["action.requested"]["data"]["requested_by"] == "admin"
    assert seen["action.requested"]["id"] == asked.json()["event_id"]
    assert seen["action.approval_refused"]["data"]["by"] == "bob"


async def awaiting(connection: Connection, requested_by: str = "") -> None:
    """Write an action that waits for a person, as the steps would."""
    found = [(0, registered("web-1", cpu_usage=1.0)), (1, raised("web-1", "f-1", T0 + 1))]
    proposal = proposed("web-1", "a-1", "f-1", T0 + 2)
    if requested_by:
        proposal = proposal._replace(
            data=msgspec.structs.replace(proposal.data, requested_by=requested_by)
        )
    asked = ActionAwaiting("a-1", "service.restart", "default/web-1", "approve", T0 + 99, "preview")
    async with Publisher(connection) as publisher:
        await publisher.publish(sealed("surveillance", "telemetry", 0, found))
        await publisher.publish(sealed("decision", "decisions", 0, [(0, proposal)]))
        waits = (0, Fact("default/web-1", asked, T0 + 3, "f-1"))
        await publisher.publish(sealed("governor", "governance", 0, [waits]))


async def until_awaiting(client: httpx.AsyncClient) -> None:
    while (await answered(client, "/actions/a-1"))["state"] != "awaiting":
        pass


async def test_an_approval_reaches_the_governor_with_the_preview_it_is_of(tmp_path, connection):
    await awaiting(connection)
    async with running(tmp_path, connection) as client:
        await until_awaiting(client)
        other = await client.post(
            "/actions/a-1/approve", json={"reason": "fine", "preview_hash": "another"}
        )
        assert (other.status_code, other.json()["type"]) == (409, "/problems/preview-changed")
        given = await client.post("/actions/a-1/approve", json={"reason": "fine"})
        assert given.status_code == 202
        await reached(client, given.json()["position"])
        assert (await answered(client, "/actions/a-1"))["approvals"][0]["by"] == "admin"
    events = [decode_event(r.value) for r in await log_of(connection, GOVERNANCE.name)]
    (answer,) = [event for event in events if event.type == "action.approval_given"]
    assert answer.data == {
        "action_id": "a-1", "approved": True, "by": "admin", "reason": "fine",
        "preview_hash": "preview", "seen": "", "exactly": False,
    }  # fmt: skip
    assert answer.correlationid == "f-1"


async def test_nobody_approves_their_own_request_but_may_withdraw_it(tmp_path, connection):
    await awaiting(connection, requested_by="admin")
    async with running(tmp_path, connection) as client:
        await until_awaiting(client)
        own = await client.post("/actions/a-1/approve", json={"reason": "mine"})
        assert (own.status_code, own.json()["type"]) == (403, "/problems/self-approval")
        back = await client.post("/actions/a-1/reject", json={"reason": "not needed"})
        assert back.status_code == 202


async def test_a_policy_is_on_the_record_and_in_every_partition_of_every_inbox(
    tmp_path, connection
):
    async with Publisher(connection) as publisher:
        await ensure_policy(connection, publisher, SIGNER)
    async with running(tmp_path, connection) as client:
        await answered(client, "/policy")  # a change is refused while the views are starting
        change = {"policy": {"limits": {"max_concurrent": 1}}, "reason": "calm", "replaces": 1}
        put = await client.put("/policy", json=change)
        assert put.status_code == 202, put.text
        late = await client.put("/policy", json=change)
        assert (late.status_code, late.json()["type"]) == (409, "/problems/policy-outdated")
        while (await answered(client, "/policy"))["version"] != 2:
            pass
    first, second = [decode_event(r.value) for r in await log_of(connection, POLICIES.name)]
    assert (first.data["version"], second.data["version"]) == (1, 2)
    assert policy_from(second.data["policy"]).limits.max_concurrent == 1
    inboxes = await log_of(connection, TELEMETRY.name, DECISIONS.name, GOVERNANCE.name)
    told = [(r.topic, r.partition, decode_event(r.value).id) for r in inboxes]
    everywhere = {(t.name, p) for t in (TELEMETRY, DECISIONS) for p in range(PARTITIONS)}
    for event in (first, second):
        assert {(t, p) for t, p, i in told if i == event.id} == everywhere | {(GOVERNANCE.name, 0)}


async def test_ensuring_a_policy_again_adds_nothing_to_the_record(connection):
    async with Publisher(connection) as publisher:
        await ensure_policy(connection, publisher, SIGNER)
        await ensure_policy(connection, publisher, SIGNER)
    assert len(await log_of(connection, POLICIES.name)) == 1


async def test_what_was_forged_or_damaged_is_not_signed_and_told_again(connection):
    silence = SilenceCreated("s-1", [], T0, 2 * T0, "forged", "nobody")
    async with Publisher(connection) as publisher:
        first, _ = await publish_policy(publisher, SIGNER, default_policy(), "somebody")
        policy = msgspec.structs.replace(first, id="forged")
        silent = told_event(silence, "forged too", "default/silences", T0, "")
        for topic, forged in ((POLICIES, policy), (SILENCES, silent)):
            unreadable = Outgoing(topic.name, None, b"records 1 to 7 are damaged", partition=0)
            await publisher.publish([outgoing(forged, topic.name, 0), unreadable])
        await ensure_policy(connection, publisher, SIGNER)
        await ensure_silences(connection, publisher, SIGNER, T0)
    inbox = await log_of(connection, DECISIONS.name)
    assert {decode_event(record.value).id for record in inbox} == {first.id}
    assert len(inbox) == 2 * PARTITIONS


async def test_health_sees_the_broker_and_the_projector(tmp_path, connection):
    await awaiting(connection)
    async with running(tmp_path, connection) as client:
        while True:
            parts = (await answered(client, "/system/health"))["components"]
            if parts["projector"]["figures"].get("lag_records") == 0:
                break
    assert parts["broker"]["status"] == "ok"
    assert parts["database"]["status"] == "ok"
    assert parts["worker"]["status"] == "starting"
