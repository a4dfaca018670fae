"""A what-if by HTTP: refused where it cannot be answered, and one at a time for each tenant."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import pytest

from api.errors import Problem
from api.what_if.asking import WhatIfs
from config.policy import default_policy
from projections.what_if.bounds import Span
from streams.kafka.connection import Connection
from tests.ports import free_port

PATH = "/api/v1/policy/what-if"


@pytest.mark.parametrize(
    ("body", "field", "told"),
    [
        ({"policy": {"limits": {"max_queued": "many"}}}, "policy", "limits.max_queued"),
        ({"policy": {"limit": {}}}, "policy", "limit"),
        ({"policy": {}, "since": 20, "until": 10}, "since", "before until"),
        ({"policy": {}, "since": "yesterday"}, "body.since", "RFC 3339"),
        ({}, "body.policy", "required"),
    ],
)
def test_what_cannot_be_asked_names_field_value_and_remedy(api, body, field, told):
    with api.client("approver") as client:
        answer = client.post(PATH, json=body)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert told in error["remedy"]


async def test_a_tenant_asks_one_at_a_time_and_few_ask_at_once() -> None:
    away = Connection(f"127.0.0.1:{free_port()}")
    asking, candidate = WhatIfs(away, b"a secret for tests only"), default_policy()

    async def status(tenant: str) -> int:
        with pytest.raises(Problem) as refused:
            await asking.ask(candidate, Span(tenant=tenant))
        return refused.value.status_code

    first = [asyncio.create_task(status(tenant)) for tenant in ("one", "two")]
    await asyncio.sleep(0)
    assert await status("one") == HTTPStatus.CONFLICT
    assert await status("three") == HTTPStatus.TOO_MANY_REQUESTS
    assert await asyncio.gather(*first) == [HTTPStatus.SERVICE_UNAVAILABLE] * 2
