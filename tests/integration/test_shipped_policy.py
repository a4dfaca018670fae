"""A log that began under an earlier release: what this one ships is told, taken over, declined."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import httpx
import msgspec

from config.policy import default_policy, policy_from
from streams.contracts.envelope import decode_event
from streams.contracts.events.registry import EVENT_TYPES
from streams.contracts.topics import POLICIES
from streams.kafka.publisher import Publisher
from streams.producers.policy import publish_policy
from tests.integration.log_of_facts import SIGNER
from tests.integration.test_api import answered, connection, log_of, running

__all__ = ["connection"]
PATH = "/policy/shipped"
REPORTED = "surveillance.thresholds.reported_up"


def before() -> dict[str, Any]:
    """Return the policy of an earlier release, which lacks a threshold and queues fewer."""
    document = msgspec.to_builtins(default_policy())
    watched = document["surveillance"]["thresholds"]
    document["surveillance"]["thresholds"] = [t for t in watched if t["metric"] != "reported_up"]
    document["limits"]["max_queued"] = 7
    return deepcopy(document)


async def offered(client: httpx.AsyncClient) -> dict[str, str]:
    return {o["path"]: o["standing"] for o in (await answered(client, PATH))["offers"]}


async def test_what_is_shipped_later_is_told_until_it_is_taken_or_declined(tmp_path, connection):
    old = policy_from(before())
    async with Publisher(connection) as publisher:
        await publish_policy(publisher, SIGNER, old, "homeostat", "first start")
    async with running(tmp_path, connection) as client:
        while (await answered(client, "/policy"))["changed_at"] is None:
            pass
        assert await offered(client) == {REPORTED: "new", "limits.max_queued": "new"}
        own = before() | {"limits": before()["limits"] | {"max_queued": 8, "max_concurrent": 2}}
        await changed(client, "PUT", "/policy", policy=own)
        assert await offered(client) == {REPORTED: "new", "limits.max_queued": "differs"}
        odd = await client.post(PATH, json={"take": ["limits.max"], "reason": "r"})
        assert odd.status_code == 404
        assert REPORTED in odd.json()["detail"]
        await changed(client, "POST", PATH, take=["surveillance"], keep=["limits"], replaces=2)
        assert await offered(client) == {}
        none = await client.post(PATH, json={"take": ["*"], "reason": "r"})
        assert none.status_code == 404, none.text
    record = [decode_event(each.value) for each in await log_of(connection, POLICIES.name)]
    assert [each.data["shipped"] is None for each in record] == [True, True, False]
    answered_with = policy_from(record[-1].data["shipped"])
    assert answered_with == default_policy()
    assert policy_from(record[-1].data["policy"]) == policy_from(
        {**msgspec.to_builtins(default_policy()), "limits": own["limits"], "version": 3}
    )
    assert {each.dataschema for each in record} == {EVENT_TYPES["policy.changed"].dataschema}


async def changed(client: httpx.AsyncClient, method: str, path: str, **body: Any) -> None:
    """Change the policy; return once the views show it."""
    answer = await client.request(method, path, json={**body, "reason": "a test"})
    assert answer.status_code == 202, answer.text
    version = answer.json()["version"]
    assert (await answered(client, PATH))["version"] == version
    while (await answered(client, "/policy"))["version"] != version:
        pass
