"""A fleet's columns say what its rows say, to the last digit and character."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, Engine, update

from projections.database import writing
from projections.models import agent_history, agents
from projections.queries.agents import list_agents
from projections.queries.fleet import fleet_columns
from projections.views import Views
from streams.contracts.events.agent import AgentRegistered
from tests.integration.log_of_facts import (
    PARTITIONS,
    SIGNER,
    T0,
    Fact,
    FakeLog,
    facts_only,
    health,
    sealed,
)

NAMES = ("web-1", 'say "hi"', "back\\slash", "tab\tand\nline", "Zoë", "日本語", "it's", "[1,2]")
CHANCE = random.Random(7)
SCORES = [0.0, 100.0, 100 / 3, 0.1, 1e-9, *(CHANCE.uniform(0, 100) for _ in range(200))]


def columns(connection: Connection, at: float | None = None) -> dict[str, list[Any]]:
    found = dataclasses.asdict(fleet_columns(connection, "default", at))
    return {name: msgspec.json.decode(column) for name, column in found.items()}


@pytest.fixture
def filled(database: Engine) -> Engine:
    facts: list[tuple[int, Fact]] = []
    for n, score in enumerate(SCORES):
        name = NAMES[n] if n < len(NAMES) else f"agent-{n}"
        labels = {"host": NAMES[-1 - n % len(NAMES)]} if n % 3 else {}
        came = AgentRegistered(name, NAMES[n % 5], provisional=True, labels=labels)
        facts.append((n, Fact(f"default/{name}", came, T0)))
        if n % 7:
            facts.append((n, health(name, "healthy", score, T0 + 1)))
    views = Views(database, SIGNER, PARTITIONS, "test")
    views.write(facts_only(FakeLog().records(sealed("surveillance", "telemetry", 0, facts))))
    return database


def test_the_columns_are_those_of_the_rows(filled: Engine) -> None:
    with filled.connect() as connection:
        rows = {row.agent_id: row for row in list_agents(connection, "default", limit=1000).items}
        found = columns(connection)
        assert found == columns(connection, T0 + 2)
    told = zip(*found.values(), strict=True)
    for agent_id, kind, status, level, score, host in told:
        row = rows.pop(agent_id)
        assert (kind, status, level) == (row.type, row.status, row.health_level)
        assert (score, host) == (row.health_score, row.labels.get("host", ""))
    assert rows == {}


def test_they_are_in_order_of_type_and_id(filled: Engine) -> None:
    c = agents.c
    query = agents.select().with_only_columns(c.type, c.agent_id).order_by(c.type, c.agent_id)
    with filled.connect() as connection:
        found = columns(connection)
        ordered = [tuple(row) for row in connection.execute(query)]
    assert list(zip(found["agent_type"], found["agent_id"], strict=True)) == ordered


def test_nobody_is_an_empty_column(filled: Engine) -> None:
    with writing(filled) as connection:
        for table in (agents, agent_history):
            connection.execute(update(table).values(tenant_id="elsewhere"))
    with filled.connect() as connection:
        nothing: dict[str, list[Any]] = {name: [] for name in columns(connection)}
        assert columns(connection) == columns(connection, T0 + 2) == nothing
