"""Agents are found by their labels, by what they can do, and by ranges, now and in the past."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine

from processors.step import Fact
from projections.queries.agents import AgentQuery, list_agents
from projections.queries.as_of import list_agents_as_of
from projections.queries.groups import fleet_groups
from projections.views import Views
from streams.contracts.events.agent import AgentRegistered, AgentSecurityChanged
from tests.integration.log_of_facts import PARTITIONS, SIGNER, T0, FakeLog, facts_only, sealed

FLEET = {
    "ocr": {"capabilities": "ocr, Translation", "max_concurrent_tasks": "8", "rack": "7"},
    "ocr-small": {"capabilities": "ocr", "max_concurrent_tasks": "2", "protocols": "http,grpc"},
    "ocr-odd": {"capabilities": "ocr", "max_concurrent_tasks": "1e3"},
    "ocrs": {"capabilities": "ocrs", "rack": "70", "a.b/c:d": "x"},
    "plain": {},
}


def told(engine: Engine) -> None:
    facts = [
        Fact(f"default/{name}", AgentRegistered(name, "ai", provisional=False, labels=labels), T0)
        for name, labels in FLEET.items()
    ]
    for name, score in (("ocr", 60.0), ("plain", 40.0)):
        data = AgentSecurityChanged(score, "at_risk", [], [])
        facts.append(Fact(f"default/{name}", data, T0 + 1))
    records = sealed("surveillance", "telemetry", 0, list(enumerate(facts)))
    Views(engine, SIGNER, PARTITIONS, "a test").write(facts_only(FakeLog().records(records)))


def test_the_fleet_is_told_in_groups(database: Engine) -> None:
    told(database)
    with database.connect() as connection:
        able = fleet_groups(connection, "default", "capability")
        racks = fleet_groups(connection, "default", "label", "rack")
        types = fleet_groups(connection, "default", "type")
        assert fleet_groups(connection, "elsewhere", "type") == []
    assert [(each.value, each.agents) for each in able] == [
        ("ocr", 3), ("", 1), ("ocrs", 1), ("translation", 1),
    ]  # fmt: skip
    assert [(each.value, each.agents) for each in racks] == [("", 3), ("7", 1), ("70", 1)]
    assert [(each.value, each.agents, each.performance) for each in types] == [
        ("ai", 5, {"unknown": 5})
    ]


def test_agents_are_found_by_what_their_labels_say(database: Engine) -> None:
    told(database)

    def found(**asked: Any) -> list[str]:
        with database.connect() as connection:
            now = list_agents(connection, "default", AgentQuery(**asked)).items
            then = list_agents_as_of(connection, "default", T0 + 5, AgentQuery(**asked)).items
        assert [row.agent_id for row in now] == [row.agent_id for row in then]
        return [row.agent_id for row in now]

    assert found(capabilities=["OCR"]) == ["ocr", "ocr-odd", "ocr-small"]
    assert found(capabilities=["ocr", "translation"]) == ["ocr"]
    assert found(capabilities=["ocr"], least_tasks=2) == ["ocr", "ocr-small"]
    assert found(least_tasks=3, type="ai") == ["ocr"]
    assert found(protocols=["grpc"], capabilities=["ocr"]) == ["ocr-small"]
    assert found(labels=[("rack", "7")]) == ["ocr"]
    assert found(labels=[("rack", None)]) == ["ocr", "ocrs"]
    assert found(labels=[("rack", None), ("a.b/c:d", "x")]) == ["ocrs"]
    assert found(labels=[("rack", "' OR 1=1 --")]) == []
    assert found(security_from=40.0, security_below=60.0) == ["plain"]
    assert found(security_from=50.0, security_below=100.0) == ["ocr"]
