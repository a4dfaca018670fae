"""A keyed write is done once and answered alike, by whichever process, whenever one dies."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.idempotency import ledger
from api.server import run_api
from processors.decision.step import decision
from processors.step import Context
from streams.contracts.envelope import Event, decode_event
from streams.contracts.record import Record
from streams.contracts.topics import (
    ACTIONS,
    DECISIONS,
    GOVERNANCE,
    POLICIES,
    REQUESTS,
    TELEMETRY,
    TOKENS,
    Topic,
)
from streams.contracts.trust import RecordKind
from streams.kafka.log_reader import LogReader
from tests.integration.contracts.conftest import WAITING, Served
from tests.integration.log_of_facts import PARTITIONS, SIGNER

KEY = "idempotency-key"
REPLAYED = "idempotency-replayed"
V1 = "/api/v1"


def restart(target: str) -> dict[str, Any]:
    return {"action": "service.restart", "target": target, "parameters": {}}


def client_of(base: str, served: Served) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=base + V1, headers=served.headers, timeout=60)


@pytest.fixture
async def client(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(served.base, served) as made:
        yield made


@pytest.fixture
def key() -> dict[str, str]:
    return {KEY: str(uuid4())}


@asynccontextmanager
async def another_api(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """Run a second API over the same log and views; it has read nothing yet."""
    stop = asyncio.Event()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        api = run_api(served.settings, served.connection, SIGNER, stop, listening=port.set_result)
        tasks.create_task(api)
        try:
            async with client_of(f"http://127.0.0.1:{await port}", served) as made:
                yield made
        finally:
            stop.set()


async def records_of(served: Served, topic: Topic) -> list[Record]:
    async with LogReader(served.connection) as reader:
        first = await reader.beginning_offsets([topic.name])
        last = await reader.end_offsets([topic.name])
        return [r async for records in reader.read(first, last) for r in records]


async def events_about(served: Served, topic: Topic, kind: str, subject: str) -> list[Event]:
    found = [
        decode_event(record.value)
        for record in await records_of(served, topic)
        if SIGNER.kind_of(record) is RecordKind.EVENT
    ]
    return [event for event in found if (event.type, event.subject) == (kind, subject)]


async def test_the_same_request_is_done_once_and_answered_alike(served, client, key):
    first = await client.post("/actions", json=restart("once"), headers=key)
    quoted = {KEY: f'"{key[KEY]}"'}
    again = await client.post("/actions", json=restart("once"), headers=quoted)
    assert (first.status_code, REPLAYED in first.headers) == (202, False)
    assert (again.status_code, again.headers[REPLAYED]) == (202, "true")
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    (event,) = await events_about(served, DECISIONS, "action.requested", "default/once")
    assert event.id == first.json()["event_id"]


async def test_another_request_under_the_same_key_is_refused(served, client, key):
    await client.post("/actions", json=restart("first"), headers=key)
    for asked in (
        client.post("/actions", json=restart("second"), headers=key),
        client.post("/actions", json=restart("first"), headers=key, params={"tenant": "t2"}),
        client.post("/agents/first/lifecycle", json=restart("first"), headers=key),
    ):
        other = await asked
        problem = other.json()
        assert (other.status_code, problem["type"]) == (422, "/problems/idempotency-key-reused")
        assert problem["errors"][0]["field"] == KEY
    assert await events_about(served, DECISIONS, "action.requested", "default/second") == []


async def test_a_refused_request_leaves_its_key_free(client, key):
    wrong = await client.post("/actions", json=restart("not/an/id"), headers=key)
    right = await client.post("/actions", json=restart("an-id"), headers=key)
    assert (wrong.status_code, right.status_code) == (422, 202)


@pytest.mark.parametrize("given", ["", '"', "x" * 256])
async def test_what_is_no_key_is_refused_by_name(client, given):
    answer = await client.post("/actions", json=restart("an-id"), headers={KEY: given})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == KEY


async def test_reads_and_sessions_take_no_notice_of_it(client, key):
    for _ in range(2):
        assert REPLAYED not in (await client.get("/agents", headers=key)).headers
        begun = await client.post("/session", headers=key)
        assert (begun.status_code, REPLAYED in begun.headers) == (200, False)


async def test_measurements_can_be_sent_again(served, client, key):
    body = {"metrics": {"cpu_usage": 7.25}}
    first, again = [
        await client.post("/agents/measured/metrics", json=body, headers=key) for _ in range(2)
    ]
    assert again.content == first.content
    written = [r for r in await records_of(served, TELEMETRY) if r.key == b"default/measured"]
    assert len(written) == 1


async def test_a_secret_is_shown_once_and_kept_nowhere(served, client, key):
    body = {"name": f"once-{key[KEY]}", "role": "viewer"}
    first = await client.post("/tokens", json=body, headers=key)
    again = await client.post("/tokens", json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 409)
    assert again.json()["type"] == "/problems/answer-not-kept"
    secret = first.json()["token"].encode()
    for topic in (REQUESTS, TOKENS):
        assert not any(
            secret in (record.value or b"") for record in await records_of(served, topic)
        )


async def test_of_many_at_once_at_two_processes_one_is_carried_out(served, client, key):
    async with another_api(served) as other:
        asked = [
            each.post("/actions", json=restart("raced"), headers=key)
            for each in (client, other) * 5
        ]
        answers = await asyncio.gather(*asked)
    done = {answer.content for answer in answers if answer.status_code == 202}
    busy = [answer for answer in answers if answer.status_code != 202]
    assert len(done) == 1
    assert {answer.status_code for answer in busy} <= {409}
    for answer in busy:
        assert answer.json()["type"] == "/problems/request-in-progress"
        assert answer.headers["retry-after"] == "1"
    assert len(await events_about(served, DECISIONS, "action.requested", "default/raced")) == 1


async def test_a_process_that_starts_later_gives_the_answer_that_was_given(served, client, key):
    first = await client.post("/actions", json=restart("kept"), headers=key)
    async with another_api(served) as other:
        again = await other.post("/actions", json=restart("kept"), headers=key)
    assert (again.content, again.headers[REPLAYED]) == (first.content, "true")


@asynccontextmanager
async def killed_by(served: Served, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Run an API that is killed by the first keyed write: done, and not answered."""
    port = folder / "port"
    module = "tests.integration.contracts.dying_api"
    home, bootstrap = str(served.settings.home), served.connection.bootstrap
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, home, bootstrap, str(port)
    )
    try:
        while not port.exists():
            assert process.returncode is None
            await asyncio.sleep(0.02)
        async with client_of(f"http://127.0.0.1:{port.read_text()}", served) as made:
            yield made
        assert await process.wait() == -signal.SIGKILL
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def asked_again(client: httpx.AsyncClient, *request: Any, **given: Any) -> httpx.Response:
    """Ask as a client does that was told to come back."""
    while True:
        answer = await client.request(*request, **given)
        if answer.status_code != 409 or "in-progress" not in answer.text:
            return answer


WRITES = {
    "a request": ("POST", "/actions", restart("orphan")),
    "an approval": ("POST", f"/actions/{WAITING[2]}/approve", {"reason": "go ahead"}),
    "a policy": ("PUT", "/policy", {"policy": {"limits": {"max_concurrent": 1}}, "reason": "r"}),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_what_a_killed_process_had_written_is_not_done_twice(
    served, client, key, write, tmp_path, monkeypatch
):
    method, path, body = write
    async with killed_by(served, tmp_path) as mortal:
        with pytest.raises(httpx.RemoteProtocolError):
            await mortal.request(method, path, json=body, headers=key)
    before = await client.request(method, path, json=body, headers=key)
    assert (before.status_code, before.json()["type"]) == (409, "/problems/request-in-progress")
    monkeypatch.setattr(ledger, "LEASE_S", 0.0)
    answer = await asked_again(client, method, path, json=body, headers=key)
    assert answer.status_code == 202, answer.text
    identity = answer.json()["event_id"]
    shown = {"wait_for": answer.json()["position"], "wait_s": 30, "limit": 1000}
    events = (await client.get("/events", params=shown)).json()["items"]
    assert len([event for event in events if event["id"] == identity]) == 1
    copies = [
        decode_event(record.value)
        for topic in (DECISIONS, GOVERNANCE, POLICIES, ACTIONS)
        for record in await records_of(served, topic)
        if SIGNER.kind_of(record) is RecordKind.EVENT
    ]
    one_each = {event.id: event for event in copies if event.id == identity}
    assert len([event for event in copies if event.id == identity]) > len(one_each) == 1


async def test_steps_decide_once_on_both_copies(served, client, tmp_path, monkeypatch):
    key = {KEY: str(uuid4())}
    async with killed_by(served, tmp_path) as mortal:
        with pytest.raises(httpx.RemoteProtocolError):
            await mortal.post("/actions", json=restart("single"), headers=key)
    monkeypatch.setattr(ledger, "LEASE_S", 0.0)
    answer = await asked_again(client, "POST", "/actions", json=restart("single"), headers=key)
    copies = await events_about(served, DECISIONS, "action.requested", "default/single")
    assert [event.id for event in copies] == [answer.json()["event_id"]] * 2
    step, facts, records = decision(), [], await records_of(served, DECISIONS)
    for partition in range(PARTITIONS):
        mine = [record for record in records if record.partition == partition]
        state = step.initial(Context(DECISIONS.name, partition, PARTITIONS, SIGNER))
        facts += [emission.item for emission in step.apply(state, mine)]
    decided = [fact for fact in facts if getattr(fact, "subject", "") == "default/single"]
    assert len(decided) == 1
