"""A past moment read later is what was read then, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, Engine, select

from processors.step import Fact
from projections.models import action_history, agent_history
from projections.models.history import OPEN
from projections.queries.actions import ActionQuery, list_actions
from projections.queries.agents import AgentRow, list_agents
from projections.queries.as_of import (
    get_agent_as_of,
    list_actions_as_of,
    list_agents_as_of,
    list_findings_as_of,
)
from projections.queries.findings import FindingQuery, FindingRow, list_findings
from projections.queries.fleet import fleet_columns
from projections.queries.paging import CursorError
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
    """Return what the views show, without what heartbeats and windows say."""
    return {
        "agents": [_told(row) for row in list_agents(connection, "default").items],
        "open": list_findings(connection, "default", FindingQuery(state="open")).items,
        "ended": list_findings(connection, "default", FindingQuery(state="ended")).items,
        "critical": list_findings(connection, "default", FindingQuery(severity="critical")).items,
        "actions": list_actions(connection, "default").items,
        "waiting": list_actions(connection, "default", ActionQuery(states=["awaiting"])).items,
        "fleet": fleet_columns(connection, "default"),
    }


def then(connection: Connection, at: float) -> dict[str, Any]:
    """Return the same, asked for later."""

    def findings(**asked: str) -> list[FindingRow]:
        return list_findings_as_of(connection, "default", at, FindingQuery(**asked)).items

    return {
        "agents": [_told(row) for row in list_agents_as_of(connection, "default", at).items],
        "open": findings(state="open"),
        "ended": findings(state="ended"),
        "critical": findings(severity="critical"),
        "actions": list_actions_as_of(connection, "default", at).items,
        "waiting": list_actions_as_of(
            connection, "default", at, ActionQuery(states=["awaiting"])
        ).items,
        "fleet": fleet_columns(connection, "default", at),
    }


def _told(row: AgentRow) -> AgentRow:
    return msgspec.structs.replace(row, metrics={}, last_seen=None)


def test_every_moment_is_as_it_was(database: Engine) -> None:
    views, log = Views(database, SIGNER, PARTITIONS, "a test"), FakeLog()
    shown = {}
    for number, (step, topic, fact) in enumerate(story()):
        views.write(facts_only(log.records(sealed(step, topic, 0, [(number, fact)]))))
        with database.connect() as connection:
            shown[fact.at] = now(connection)
    with database.connect() as connection:
        for at, expected in shown.items():
            for moment in (at, at + 0.5):
                assert then(connection, moment) == expected, at - T0
        before = then(connection, T0 - 1)
        assert bytes(before.pop("fleet").agent_id) == b"[]"
        assert not any(before.values())


def test_late_facts_take_nothing_back_and_leave_no_gap(database: Engine) -> None:
    """An executor whose clock is behind: what was told of the past stays told."""
    views, log = Views(database, SIGNER, PARTITIONS, "a test"), FakeLog()
    facts = [
        ("decision", "decisions", proposed("web", "a1", "f1", T0)),
        ("governor", "governance", granted("web", "a1", "f1", T0 + 10)),
        ("executor", "actions.commands", finished("web", "a1", "f1", T0 + 4)),
    ]
    for number, (step, topic, fact) in enumerate(facts):
        views.write(facts_only(log.records(sealed(step, topic, 0, [(number, fact)]))))
    with database.connect() as connection:
        states = {
            after: [
                row.state for row in list_actions_as_of(connection, "default", T0 + after).items
            ]
            for after in (-1, 0, 4, 9, 10, 20)
        }
        rows = connection.execute(select(action_history).order_by("valid_to")).all()
    assert states == {
        -1: [], 0: ["proposed"], 4: ["proposed"], 9: ["proposed"], 10: ["finished"],
        20: ["finished"],
    }  # fmt: skip
    assert [(row.valid_from, row.valid_to) for row in rows] == [(T0, T0 + 10), (T0 + 10, OPEN)]


def test_what_changes_nothing_adds_no_interval(database: Engine) -> None:
    views, log = Views(database, SIGNER, PARTITIONS, "a test"), FakeLog()
    views.write(facts_only(log.records(sealed("surveillance", "telemetry", 0, _idle()))))
    with database.connect() as connection:
        (row,) = connection.execute(select(agent_history)).all()
    assert (row.valid_from, row.valid_to, row.updated_at) == (T0, OPEN, T0 + 50)


def _idle() -> list[tuple[int, Fact]]:
    first = (0, registered("web")._replace(at=T0))
    return [first, *((n, labelled("web", T0 + n, host="h1")) for n in range(1, 51))]


def test_an_agents_metrics_are_those_of_its_last_window(database: Engine) -> None:
    views, log = Views(database, SIGNER, PARTITIONS, "a test"), FakeLog()
    first, second = windows(["web"], T0 + 60, 10.0), windows(["web"], T0 + 120, 20.0)
    facts = [(0, registered("web", cpu_usage=1.0)), (1, first), (2, second)]
    views.write(facts_only(log.records(sealed("surveillance", "telemetry", 0, facts))))
    with database.connect() as connection:
        metrics = {
            at: getattr(get_agent_as_of(connection, "default", "web", T0 + at), "metrics", None)
            for at in (-1, 30, 125, 130, 181, 5000)
        }
    assert metrics[-1] is None
    assert metrics[30] == {}
    assert list(metrics[125].values()) == [10.0]
    assert list(metrics[130].values()) == [10.0]
    assert list(metrics[181].values()) == [20.0]
    assert list(metrics[5000].values()) == [20.0]


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


def test_a_cursor_belongs_to_its_moment(database: Engine) -> None:
    views, log = Views(database, SIGNER, PARTITIONS, "a test"), FakeLog()
    facts = [(n, registered(f"agent-{n:02d}")) for n in range(3)]
    views.write(facts_only(log.records(sealed("surveillance", "telemetry", 0, facts))))
    with database.connect() as connection:
        cursor = list_agents_as_of(connection, "default", T0 + 1, limit=1).next_cursor
        live = list_agents(connection, "default", limit=1).next_cursor
        for wrong in (cursor, live):
            with pytest.raises(CursorError, match="belongs to another"):
                list_agents_as_of(connection, "default", T0 + 2, limit=1, cursor=wrong)
