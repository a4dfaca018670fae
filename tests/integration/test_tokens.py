"""Tokens on a real log: issued by one API process, known and revoked in all of them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from itertools import count
from typing import Any

import httpx
import pytest
import pytest_asyncio

from api.app import PREFIX, create_app
from api.guide.reference.http import _routes
from api.identity.roles import Role
from api.identity.tokens import PREFIX as MARK
from api.identity.tokens import hash_of
from config.settings import Settings
from streams.contracts.events.access import TokenIssued
from streams.contracts.topics import TOKENS
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from tests.integration.log_of_facts import PARTITIONS, SIGNER
from tests.integration.test_api import log_of, running
from tests.ports import free_port
from tests.unit.api.test_guards import VALID

NAMES = (f"holder-{number}" for number in count())


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    own = EmbeddedBroker(tmp_path_factory.mktemp("log"), free_port(), report=print)
    try:
        asyncio.run(own.start())
        yield own
    finally:
        asyncio.run(own.stop())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def connection(log: EmbeddedBroker) -> Connection:
    connection = Connection(log.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    return connection


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def first(
    tmp_path_factory: pytest.TempPathFactory, connection: Connection
) -> AsyncIterator[httpx.AsyncClient]:
    async with running(tmp_path_factory.mktemp("first"), connection) as client:
        await ready(client)
        yield client


async def ready(client: httpx.AsyncClient) -> None:
    while (await client.get("/tokens")).status_code == 503:
        pass


def wished(**wanted: Any) -> dict[str, Any]:
    return {"name": next(NAMES), "role": "viewer"} | wanted


async def made(client: httpx.AsyncClient, **wanted: Any) -> dict[str, Any]:
    answer = await client.post("/tokens", json=wished(**wanted))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def asked(client: httpx.AsyncClient, token: str, path: str = "/session") -> httpx.Response:
    return await client.get(path, headers={"Authorization": f"Bearer {token}"})


async def test_a_token_is_shown_once_and_only_its_hash_is_on_the_log(first, connection):
    given = await made(first, name="grafana")
    assert given["token"].startswith(MARK)
    who = await asked(first, given["token"])
    assert (who.status_code, who.json()["name"], who.json()["role"]) == (200, "grafana", "viewer")
    listed = (await first.get("/tokens")).text
    assert given["token"] not in listed
    assert hash_of(given["token"]) not in listed
    record = (await log_of(connection, TOKENS.name))[-1]
    assert given["token"].encode() not in record.value
    assert json.loads(record.value)["data"]["sha256"] == hash_of(given["token"])


async def test_a_revoked_token_and_its_sessions_are_told_so(first):
    given = await made(first)
    bearer = {"Authorization": f"Bearer {given['token']}"}
    session = await first.post("/session", headers=bearer)
    ended = await first.delete(f"/tokens/{given['issued']['token_id']}", params={"reason": "left"})
    assert (ended.json()["state"], ended.json()["reason"]) == ("revoked", "left")
    refused = await asked(first, given["token"])
    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/token-revoked")
    assert "invalid_token" in refused.headers["www-authenticate"]
    async with httpx.AsyncClient(base_url=first.base_url, cookies=session.cookies) as browser:
        answer = await browser.get("/session")
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/token-revoked")
    again = await first.delete(f"/tokens/{given['issued']['token_id']}")
    assert again.status_code == 409


async def test_a_token_expires(first):
    given = await made(first, lasts_s=1)
    while (answer := await asked(first, given["token"])).status_code == 200:
        pass
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/token-expired")
    listed = (await first.get("/tokens", params={"state": "expired"})).json()["items"]
    assert given["issued"] | {"state": "expired"} in listed


async def test_every_process_knows_what_one_of_them_wrote(first, tmp_path, connection):
    async with AsyncExitStack() as stack:
        second = await stack.enter_async_context(running(tmp_path / "other", connection))
        await ready(second)
        given = await made(first)
        while (answer := await asked(second, given["token"])).status_code == 401:
            assert answer.json()["type"] == "/problems/unauthorized"
        assert answer.json()["name"] == given["issued"]["name"]
        await second.delete(f"/tokens/{given['issued']['token_id']}")
        while (answer := await asked(first, given["token"])).status_code == 200:
            pass
        assert answer.json()["type"] == "/problems/token-revoked"


async def test_a_process_that_starts_knows_what_was_issued_and_revoked_before(
    first, tmp_path, connection
):
    kept, gone = await made(first), await made(first)
    await first.delete(f"/tokens/{gone['issued']['token_id']}")
    async with running(tmp_path / "later", connection) as later:
        while (answer := await asked(later, kept["token"])).status_code == 503:
            assert answer.json()["type"] == "/problems/tokens-away"
        assert answer.status_code == 200
        assert (await asked(later, gone["token"])).json()["type"] == "/problems/token-revoked"


async def test_of_two_that_take_one_name_at_once_one_gets_it(first, tmp_path, connection):
    wanted = wished()
    async with running(tmp_path / "other", connection) as second:
        await ready(second)
        answers = await asyncio.gather(
            *(client.post("/tokens", json=wanted) for client in (first, second) * 3)
        )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert {a.json()["type"] for a in answers if a.is_error} == {"/problems/name-taken"}
    (winner,) = (answer.json() for answer in answers if not answer.is_error)
    assert (await asked(first, winner["token"])).status_code == 200


async def test_a_name_is_free_again_once_its_token_is_revoked(first):
    given = await made(first)
    await first.delete(f"/tokens/{given['issued']['token_id']}")
    await made(first, name=given["issued"]["name"])
    for name in ("admin", "scraper"):
        taken = await first.post("/tokens", json=wished(name=name))
        assert taken.json()["type"] == "/problems/name-taken"


async def test_a_tenants_admin_makes_and_sees_tokens_of_the_tenant_only(first):
    root = await made(first, role="admin", everywhere=True)
    wanted = wished(role="admin")
    tenant = (await first.post("/tokens", params={"tenant": "t2"}, json=wanted)).json()
    theirs = {"Authorization": f"Bearer {tenant['token']}"}
    beyond = await first.post("/tokens", json=wished(everywhere=True), headers=theirs)
    assert (beyond.status_code, beyond.json()["type"]) == (403, "/problems/wrong-tenant")
    foreign = await first.delete(f"/tokens/{root['issued']['token_id']}", headers=theirs)
    assert foreign.status_code == 404
    inside = (await first.post("/tokens", json=wished(), headers=theirs)).json()["issued"]
    assert inside["tenant"] == "t2"
    seen = (await first.get("/tokens", headers=theirs)).json()["items"]
    assert seen == [inside, tenant["issued"]]
    every = (await first.get("/tokens", params={"state": "valid"})).json()["items"]
    assert every[:3] == [inside, tenant["issued"], root["issued"]]


async def test_a_stream_ends_with_its_token(first):
    given = await made(first)
    async with first.stream(
        "GET", "/stream", headers={"Authorization": f"Bearer {given['token']}"}, timeout=60
    ) as stream:
        frames = stream.aiter_lines()
        assert (await anext(frames)).startswith("retry")
        await first.delete(f"/tokens/{given['issued']['token_id']}")
        told = [line async for line in frames if line]
    assert told[-2] == "event: stream.closed"
    assert "token_ended" in told[-1]


async def test_a_forged_record_makes_no_token(first, connection):
    import msgspec

    from streams.contracts.envelope import Event, outgoing
    from streams.contracts.events.registry import BY_DATA
    from streams.contracts.trust import Signer
    from streams.kafka.publisher import Publisher

    secret = f"{MARK}forged"
    data = TokenIssued("f", "mallory", hash_of(secret), "*", "admin", "admin", None)
    event = Event(
        id="x", source="/api", type="token.issued", subject="default/mallory",
        time="2026-01-01T00:00:00Z", tenant="default", data=msgspec.to_builtins(data),
        dataschema=BY_DATA[TokenIssued].dataschema,
    )  # fmt: skip
    forger = Signer(b"another secret of another place")
    async with Publisher(connection) as publisher:
        await publisher.publish([forger.sign(outgoing(event, TOKENS.name, 0))])
    await made(first)  # lies behind it, and is known once that was read
    assert (await asked(first, secret)).status_code == 401


REFUSALS = {
    "no token": (401, "unauthorized"),
    "expired": (401, "token-expired"),
    "revoked": (401, "token-revoked"),
    "wrong tenant": (403, "wrong-tenant"),
    "lower role": (403, "role-too-low"),
}


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """Return the application's own routes below the prefix, each with its least role."""
    settings = Settings(home=tmp_path_factory.mktemp("routes"))
    app = create_app(settings, Connection("127.0.0.1:1"), SIGNER)
    told = ([*name.strip("`").split(), role] for name, role, _ in _routes(app))
    found = {(m, path.removeprefix(PREFIX)): role for m, path, role in told if PREFIX in path}
    assert len(found) >= 30
    return found


async def bearer(client: httpx.AsyncClient, kind: str, role: str) -> dict[str, str]:
    """Return the headers of somebody whom a route for `role` should not answer."""
    if kind == "no token":
        return {}
    if kind == "lower role":
        order = [each.value for each in Role]
        given = await made(client, role=order[order.index(role) - 1])
    elif kind == "wrong tenant":
        wanted = wished(role="admin")
        given = (await client.post("/tokens", params={"tenant": "t9"}, json=wanted)).json()
    else:
        given = await made(client, role="admin", lasts_s=1 if kind == "expired" else 3600)
    headers = {"Authorization": f"Bearer {given['token']}"}
    if kind == "revoked":
        await client.delete(f"/tokens/{given['issued']['token_id']}")
    while kind == "expired" and (await client.get("/session", headers=headers)).is_success:
        pass
    return headers


@pytest.mark.parametrize("kind", REFUSALS)
async def test_no_route_answers_whom_it_should_not(first, routes, kind):
    whose: dict[str, dict[str, str]] = {}
    asked = 0
    async with httpx.AsyncClient(base_url=first.base_url, timeout=120) as stranger:
        for (method, path), role in routes.items():
            if not concerns(kind, method, path, role):
                continue
            key = role if kind == "lower role" else ""
            if key not in whose:
                whose[key] = await bearer(first, kind, role)
            place = re.sub(r"{\w+}", "some-id", path)
            answer = await stranger.request(
                method,
                place,
                params={"tenant": "default"},
                json=VALID.get(f"{PREFIX}{place}"),
                headers=whose[key],
            )
            told = (answer.status_code, answer.json()["type"].removeprefix("/problems/"))
            assert told == REFUSALS[kind], (method, path)
            asked += 1
    assert asked >= 10


def concerns(kind: str, method: str, path: str, role: str) -> bool:
    """Say whether a route knows such a refusal; the exceptions are named here, and only here."""
    if kind == "lower role":
        return role not in ("", Role.VIEWER.value)
    if kind == "wrong tenant":
        everybodys = method == "GET" and path.startswith(("/system", "/policy"))
        return path != "/session" and not everybodys
    return True
