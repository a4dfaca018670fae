"""People answer findings and incidents; what they say is on the log and beside what it is about."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.publisher import Publisher
from tests.integration.log_of_facts import PARTITIONS, T0, ended, raised, registered, sealed
from tests.integration.test_api import answered, running
from tests.integration.test_incident_views import closed, opened


@pytest.fixture
async def connection(empty_broker: EmbeddedBroker) -> Connection:
    connection = Connection(empty_broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    return connection


async def tell(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    """Say something of what is there; return it once the views show that."""
    noun = path.rpartition("/")[0]
    await answered(client, noun)
    given = await client.post(path, json=body)
    assert given.status_code == 202, given.text
    shown = await client.get(noun, params={"wait_for": given.json()["position"], "wait_s": 30})
    assert shown.status_code == 200, shown.text
    return shown.json()


async def told(connection: Connection, topic: str, step: str, *facts: tuple[int, Any]) -> None:
    async with Publisher(connection) as publisher:
        await publisher.publish(sealed(step, topic, 0, list(facts)))


@pytest.mark.parametrize("path", ["/findings/f-db", "/incidents/big"])
async def test_who_looks_after_it_is_known_until_it_is_over(tmp_path, connection, path) -> None:
    found = [(0, registered("db", up=1.0)), (1, raised("db", "f-db", T0 + 1))]
    await told(connection, "telemetry", "surveillance", *found)
    await told(connection, "correlation", "incidents", (0, opened("big", "db", at=T0 + 2)))
    async with running(tmp_path, connection) as client:
        row = await tell(client, f"{path}/acknowledge", {"reason": "I am on it"})
        known = row["acknowledgement"]
        assert (known["by"], known["note"]) == ("admin", "I am on it")
        assert (known["severity"], known["worse"]) == ("critical", False)
        noun = path.rpartition("/")[0]
        for acknowledged, count in (("true", 1), ("false", 0)):
            listed = (await client.get(noun, params={"acknowledged": acknowledged})).json()
            assert len(listed["items"]) == count

        row = await tell(client, f"{path}/unacknowledge", {"reason": "off duty"})
        assert row["acknowledgement"] is None
        again = await client.post(f"{path}/unacknowledge", json={"reason": "off duty"})
        assert (again.status_code, again.json()["type"]) == (409, "/problems/not-acknowledged")

        await tell(client, f"{path}/assign", {"to": "ann"})
        row = await tell(client, f"{path}/comment", {"text": "the disk was full"})
        assert (row["assigned_to"], row["comments"][0]["text"]) == ("ann", "the disk was full")
        mine = (await client.get(noun, params={"assigned_to": "ann"})).json()["items"]
        assert len(mine) == 1
        then = known["at"]
        past = (await client.get(path, params={"as_of": then})).json()
        assert (past["acknowledgement"]["by"], past["comments"]) == ("admin", [])

        await tell(client, f"{path}/acknowledge", {"reason": "back"})
        await told(connection, "telemetry", "surveillance", (9, ended("db", "f-db", T0 + 8)))
        await told(connection, "correlation", "incidents", (9, closed("big", T0 + 9)))
        while not (row := await answered(client, path))["acknowledgement"] or not (
            row.get("ended_at") or row.get("closed_at")
        ):
            pass
        late = await client.post(f"{path}/acknowledge", json={"reason": "late"})
        assert late.status_code == 409
        assert late.json()["type"].endswith("-over")
        row = await tell(client, f"{path}/comment", {"text": "cause: no rotation"})
        assert [comment["text"] for comment in row["comments"]][-1] == "cause: no rotation"
        events = (await client.get("/events", params={"limit": 1000})).json()["items"]
    name = "finding" if "findings" in path else "incident"
    said = [e["type"] for e in events if e["type"].startswith(f"{name}.") and e["source"] == "/api"]
    assert [each.rpartition(".")[2] for each in said] == [
        "acknowledged", "unacknowledged", "assigned", "commented", "acknowledged", "commented",
    ]  # fmt: skip
