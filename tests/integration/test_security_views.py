"""Agents are found and sorted by how far they are trusted, now and as they were."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from sqlalchemy import Engine

from processors.step import Fact
from projections.queries.agents import AgentQuery, get_agent, list_agents
from projections.queries.as_of import list_agents_as_of
from projections.queries.findings import get_finding
from projections.queries.totals import open_threat_counts, security_scores
from projections.views import Views
from streams.contracts.events.agent import AgentSecurityChanged, SecurityIssue
from streams.contracts.events.finding import FindingEnded, FindingRaised
from tests.integration.log_of_facts import (
    PARTITIONS,
    SIGNER,
    T0,
    FakeLog,
    facts_only,
    registered,
    sealed,
)

SCORES = {"a": 40.0, "b": 100.0, "c": 10.0, "d": 40.0, "e": 100.0, "f": 85.0}
LOST = ["c", "a", "d", "f"]


def security(agent: str, score: float, at: float) -> Fact:
    issue = SecurityIssue("f1", "leak", "q", "SECURITY", "high", 100.0 - score, "look", at)
    issues = [issue] if score < 100.0 else []
    data = AgentSecurityChanged(score, "guarded", ["leak:q"][: len(issues)], issues)
    return Fact(f"default/{agent}", data, at)


def filled(database: Engine) -> None:
    facts = [registered(agent) for agent in SCORES]
    facts += [security(agent, score, T0 + 10) for agent, score in SCORES.items() if score < 100.0]
    facts += [security("c", 100.0, T0 + 50)]
    numbered = list(enumerate(facts))
    views = Views(database, SIGNER, PARTITIONS, "a test")
    views.write(facts_only(FakeLog().records(sealed("surveillance", "telemetry", 0, numbered))))


def paged(ask: partial, connection: object) -> list[str]:
    """Return the ids of all pages of two."""
    found, cursor = [], None
    while True:
        page = ask(connection, limit=2, cursor=cursor)
        found += [row.agent_id for row in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_the_least_trusted_come_first_page_by_page_now_and_then(database: Engine) -> None:
    filled(database)
    by_trust = AgentQuery(sort="security")
    now = partial(list_agents, tenant="default", wanted=by_trust)
    then = partial(list_agents_as_of, tenant="default", at=T0 + 20)
    with database.connect() as connection:
        assert paged(now, connection) == ["a", "d", "f", "b", "c", "e"]
        assert paged(partial(then, wanted=by_trust), connection) == [*LOST, "b", "e"]
        lost = partial(then, wanted=replace(by_trust, security_below=85.0))
        assert paged(lost, connection) == ["c", "a", "d"]
        below = list_agents(connection, "default", AgentQuery(security_below=85.0, text="a")).items
        assert [row.agent_id for row in below] == ["a"]


def test_an_agent_tells_what_it_lost_trust_by(database: Engine) -> None:
    filled(database)
    with database.connect() as connection:
        lost, won = (get_agent(connection, "default", agent) for agent in ("a", "c"))
        never = get_agent(connection, "default", "b")
        assert security_scores(connection, None, 2) == [
            (("default", "a"), 40.0),
            (("default", "d"), 40.0),
        ]
        assert security_scores(connection, "another", 9) == []
    assert lost is not None
    assert (lost.security_score, lost.security_level) == (40.0, "guarded")
    assert [issue["rule"] for issue in lost.security_issues] == ["leak"]
    assert won is not None
    assert (won.security_score, won.security_issues) == (100.0, [])
    assert never is not None
    assert (never.security_score, never.security_level) == (100.0, "secure")


def test_open_threats_are_counted_by_their_rule(database: Engine) -> None:
    facts = [registered("a"), *(threat(name, "leak", T0 + 1) for name in ("t1", "t2"))]
    facts += [threat("t3", "surge", T0 + 2)]
    over = FindingEnded("t3", "threat", "q", "recovered", 1.0)
    facts += [Fact("default/a", over, T0 + 3, "t3")]
    views = Views(database, SIGNER, PARTITIONS, "a test")
    numbered = list(enumerate(facts))
    views.write(facts_only(FakeLog().records(sealed("surveillance", "telemetry", 0, numbered))))
    with database.connect() as connection:
        assert open_threat_counts(connection, None) == [(("default", "leak", "high"), 2.0)]
        assert open_threat_counts(connection, "another") == []
        kept = get_finding(connection, "default", "t3")
    assert kept is not None
    assert kept.rule == "surge"


def threat(finding_id: str, rule: str, at: float) -> Fact:
    data = FindingRaised(
        finding_id, "threat", "high", "q", 9.0, None, 5.0, at, f"{rule}: q is 9", 1, rule=rule
    )
    return Fact("default/a", data, at, finding_id)
