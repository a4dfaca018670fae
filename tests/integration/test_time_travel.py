"""A past moment read later is what was read then, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine

from processors.step import Fact
from projections.queries.actions import list_actions
from projections.queries.agents import list_agents
from projections.queries.as_of import (
    action_then,
    finding_then,
    get_agent_as_of,
    list_agents_as_of,
)
from projections.queries.findings import list_findings
from projections.queries.fleet import fleet_columns
from projections.views import Views
from streams.contracts.events.action import ActionAwaiting, ApprovalGiven
from streams.contracts.events.agent import AgentLabelled
from streams.contracts.events.finding import FindingChanged
from tests.integration.log_of_facts import (
    PARTITIONS,
    SIGNER,
    T0,
    FakeLog,
    ended,
    facts_only,
    finished,
    granted,
    health,
    proposed,
    raised,
    registered,
    sealed,
    status,
    windows,
)

Happening = tuple[str, str, Fact]


def worse(agent: str, finding: str, at: float) -> Fact:
    data = FindingChanged(finding, "service_down", "warning", "up", 0.0, "better")
    return Fact(f"default/{agent}", data, at, finding)


def labelled(agent: str, at: float, **labels: str) -> Fact:
    return Fact(f"default/{agent}", AgentLabelled("service", labels), at)


def awaiting(agent: str, action: str, at: float) -> Fact:
    data = ActionAwaiting(action, "service.restart", f"default/{agent}", "risk", at + 60, "p")
    return Fact(f"default/{agent}", data, at, "f1")


def approved(agent: str, action: str, at: float) -> Fact:
    return Fact(f"default/{agent}", ApprovalGiven(action, True, "ann", "fine"), at, "f1")


def story() -> list[Happening]:
    """Return what happens, a second apart: which step said it, where from, and what."""
    seen = ("surveillance", "telemetry")
    decided, governed = ("decision", "decisions"), ("governor", "governance")
    done = ("executor", "actions.commands")
    facts: list[tuple[str, str, Callable[[float], Fact]]] = [
        (*seen, lambda at: registered("web", up=1.0)._replace(at=at)),
        (*seen, lambda at: status("web", "active", at, previous="registered")),
        (*seen, lambda at: health("web", "healthy", 100.0, at)),
        (*seen, lambda at: registered("db", up=1.0)._replace(at=at)),
        (*seen, lambda at: raised("web", "f1", at)),
        (*seen, lambda at: health("web", "failing", 10.0, at)),
        (*decided, lambda at: proposed("web", "a1", "f1", at)),
        (*governed, lambda at: awaiting("web", "a1", at)),
        (*seen, lambda at: labelled("web", at, host="other")),
        (*seen, lambda at: worse("web", "f1", at)),
        (*governed, lambda at: approved("web", "a1", at)),
        (*governed, lambda at: granted("web", "a1", "f1", at)),
        (*done, lambda at: finished("web", "a1", "f1", at)),
        (*seen, lambda at: ended("web", "f1", at)),
        (*seen, lambda at: health("web", "healthy", 90.0, at)),
        (*seen, lambda at: labelled("web", at, host="third")),
        (*seen, lambda at: status("db", "active", at, previous="registered")),
        (*seen, lambda at: status("db", "offline", at)),
    ]
    return [(step, topic, make(T0 + n)) for n, (step, topic, make) in enumerate(facts)]


def now(connection: Connection) -> dict[str, Any]:
    """Return what the views show, without what a past moment does not claim to know."""
    agents = list_agents(connection, "default").items
    return {
        "agents": [_known(row) for row in agents],
        "open": list_findings(connection, "default", state="open").items,
        "ended": list_findings(connection, "default", state="ended").items,
        "actions": [_told(row) for row in list_actions(connection, "default").items],
        "fleet": fleet_columns(connection, "default").status,
    }


def then(connection: Connection, at: float) -> dict[str, Any]:
    """Return the same, asked for later."""
    agents = list_agents_as_of(connection, "default", at).items
    found = {
        state: list_findings(connection, "default", state=state, at=at).items
        for state in ("open", "ended")
    }
    actions = list_actions(connection, "default", at=at).items
    return {
        "agents": [_known(row) for row in agents],
        "open": [finding_then(row, at) for row in found["open"]],
        "ended": [finding_then(row, at) for row in found["ended"]],
        "actions": [_told(action_then(row, at)) for row in actions],
        "fleet": fleet_columns(connection, "default", at).status,
    }


def _known(row: Any) -> Any:
    return replace(
        row, metrics={}, last_seen=None, updated_at=0.0, consecutive_failures=0, provisional=True
    )


def _told(row: Any) -> Any:
    return replace(
        row, detail="", reason="", check="", updated_at=0.0, expires_at=None, preview_hash=""
    )


def _without(found: dict[str, Any]) -> dict[str, Any]:
    same = {"updated_at": 0.0, "summary": "", "value": None, "event_id": ""}
    plain = {name: found[name] for name in ("agents", "actions", "fleet")}
    findings = {name: [replace(row, **same) for row in found[name]] for name in ("open", "ended")}
    return plain | findings


def test_every_moment_is_as_it_was(database: Engine) -> None:
    views, log = Views(database, SIGNER, PARTITIONS, "a test"), FakeLog()
    shown = {}
    for number, (step, topic, fact) in enumerate(story()):
        views.write(facts_only(log.records(sealed(step, topic, 0, [(number, fact)]))))
        with database.connect() as connection:
            shown[fact.at] = _without(now(connection))
    with database.connect() as connection:
        for at, expected in shown.items():
            for moment in (at, at + 0.5):
                assert _without(then(connection, moment)) == expected, at - T0
        assert then(connection, T0 - 1) == {
            "agents": [], "open": [], "ended": [], "actions": [], "fleet": [],
        }  # fmt: skip


def test_an_agents_metrics_are_those_of_its_last_window(database: Engine) -> None:
    views, log = Views(database, SIGNER, PARTITIONS, "a test"), FakeLog()
    first, second = windows(["web"], T0 + 60, 10.0), windows(["web"], T0 + 120, 20.0)
    facts = [(0, registered("web", cpu_usage=1.0)), (1, first), (2, second)]
    views.write(facts_only(log.records(sealed("surveillance", "telemetry", 0, facts))))
    with database.connect() as connection:
        metrics = {
            at: getattr(get_agent_as_of(connection, "default", "web", T0 + at), "metrics", None)
            for at in (-1, 30, 90, 130, 5000)
        }
    assert metrics[-1] is None
    assert metrics[30] == {}
    assert list(metrics[90].values()) == [10.0]
    assert list(metrics[130].values()) == [20.0]
    assert metrics[5000] == {}


def test_pages_of_the_past_are_whole(database: Engine) -> None:
    views, log = Views(database, SIGNER, PARTITIONS, "a test"), FakeLog()
    facts = [(n, registered(f"agent-{n:02d}")) for n in range(25)]
    views.write(facts_only(log.records(sealed("surveillance", "telemetry", 0, facts))))
    seen, cursor = [], None
    with database.connect() as connection:
        while True:
            page = list_agents_as_of(connection, "default", T0 + 1, limit=10, cursor=cursor)
            seen += [row.agent_id for row in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert seen == [f"agent-{n:02d}" for n in range(25)]
    assert msgspec.json.encode(seen)
