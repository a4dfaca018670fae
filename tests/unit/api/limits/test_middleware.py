"""What a client is told that asks too much, and whom that does not concern."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from api.app import create_app
from config.settings import Settings
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from tests.unit.api.conftest import write_tokens

SESSION = "/api/v1/session"


@asynccontextmanager
async def asking(home: Path, **limits: float) -> AsyncIterator[httpx.AsyncClient]:
    write_tokens(home)
    settings = Settings(home=home, **limits)
    app = create_app(settings, Connection("127.0.0.1:1"), Signer(b"x" * 32))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


def of(who: str) -> dict[str, str]:
    return {"Authorization": f"Bearer token of {who}"}


async def test_a_token_that_asks_too_much_is_told_when_to_ask_again(tmp_path):
    async with asking(tmp_path, api_token_rate=0.01, api_burst_s=300) as client:
        answers = [await client.get(SESSION, headers=of("viewer")) for _ in range(4)]
        other = await client.get(SESSION, headers=of("operator"))
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"token";q=3;w=300'
    assert answers[2].headers["ratelimit"].startswith('"token";r=0;t=')
    refused = answers[3]
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "/problems/rate-limited"
    assert 90 < int(refused.headers["retry-after"]) <= 100
    assert other.status_code == 200


async def test_a_tenant_is_limited_over_all_its_tokens(tmp_path):
    async with asking(tmp_path, api_tenant_rate=0.01, api_burst_s=200) as client:
        names = ("viewer", "operator", "approver", "stranger")
        answers = [await client.get(SESSION, headers=of(name)) for name in names]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 200]
    assert "this tenant asks more" in answers[2].json()["detail"]


async def test_the_first_token_and_who_has_none_are_not_counted(tmp_path):
    async with asking(tmp_path, api_token_rate=0.01, api_burst_s=1) as client:
        first = {"Authorization": f"Bearer {Settings(home=tmp_path).token()}"}
        for _ in range(50):
            answer = await client.get(SESSION, headers=first)
            assert answer.status_code == 200
            assert "ratelimit" not in answer.headers
            assert (await client.get(SESSION)).status_code == 401


async def test_a_refused_write_does_nothing(tmp_path):
    async with asking(tmp_path, api_token_rate=0.01, api_burst_s=1) as client:
        await client.get(SESSION, headers=of("operator"))
        answer = await client.post("/api/v1/telemetry", headers=of("operator"), content=b"{")
    assert answer.status_code == 429  # neither the body nor the role was looked at
