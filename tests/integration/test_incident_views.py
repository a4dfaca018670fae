"""Incidents become rows, are found by what is asked for, and were what they were."""

from __future__ import annotations

from msgspec.structs import asdict, replace
from sqlalchemy import Engine

from processors.step import Fact
from projections.queries.incidents import IncidentQuery, get_incident, list_incidents
from projections.queries.timeline import timeline
from projections.queries.totals import active_incident_counts
from projections.views import Views
from streams.contracts.events.incident import (
    Candidate,
    IncidentChanged,
    IncidentClosed,
    IncidentOpened,
    Member,
    Root,
)
from tests.integration.log_of_facts import (
    PARTITIONS,
    SIGNER,
    T0,
    FakeLog,
    ended,
    facts_only,
    finished,
    granted,
    proposed,
    raised,
    sealed,
)


def opened(incident_id: str, *agents: str, at: float) -> Fact:
    members = [
        Member(f"f-{a}", f"default/{a}", "service_down", "up", "critical", T0, None, "root")
        for a in agents
    ]
    root = f"default/{agents[0]}"
    data = IncidentOpened(
        incident_id=incident_id,
        title=f"{agents[0]}: service down",
        severity="critical",
        since=T0,
        status="open",
        root=Root(root, f"f-{agents[0]}", "it was the first", 1.0),
        candidates=[Candidate(root, f"f-{agents[0]}", "it was the first", 0.9)],
        members=members,
        coordinated=False,
        agents=len(agents),
        findings=len(agents),
        open_findings=len(agents),
        policy_version=1,
    )
    return Fact(root, data, at, incident_id)


def changed(before: Fact, at: float, *, merged: list[str], severity: str) -> Fact:
    assert isinstance(before.data, IncidentOpened)
    data = IncidentChanged(**asdict(before.data), merged=merged)
    return before._replace(data=replace(data, severity=severity, agents=9), at=at)


def closed(incident_id: str, at: float, reason: str = "quiet", into: str = "") -> Fact:
    data = IncidentClosed(incident_id, "it was", "critical", reason, 7.5, into)
    return Fact("default/db", data, at, incident_id)


def story(log: FakeLog, engine: Engine) -> Views:
    """Let two incidents become one, be worked on, and end; return the writer."""
    big, small = (
        opened("big", "db", "web", at=T0 + 1),
        opened("small", "cache", at=T0 + 2),
    )
    told = [
        (0, big),
        (1, small),
        (5, closed("small", T0 + 5, "merged", "big")),
        (5, changed(big, T0 + 5, merged=["small"], severity="high")),
        (9, closed("big", T0 + 9)),
    ]
    seen = [(1, raised("db", "f-db", T0)), (8, ended("db", "f-db", T0 + 8))]
    done = [
        (0, proposed("db", "a1", "f-db", T0 + 3)),
        (1, granted("db", "a1", "f-db", T0 + 4)),
        (2, finished("db", "a1", "f-db", T0 + 7)),
        (3, proposed("stranger", "a2", "f-other", T0 + 3)),
    ]
    records = (
        sealed("incidents", "correlation", 0, told)
        + sealed("surveillance", "telemetry", 0, seen)
        + sealed("decision", "decisions", 0, done)
    )
    views = Views(engine, SIGNER, PARTITIONS, "a test")
    views.write(facts_only(log.records(records)))
    return views


def ids(engine: Engine, as_of: float | None = None, **asked: str) -> list[str]:
    with engine.connect() as connection:
        found = list_incidents(connection, "default", IncidentQuery(**asked), as_of=as_of)
    return [row.incident_id for row in found.items]


def test_incidents_are_found_by_what_is_asked_for(database: Engine) -> None:
    story(FakeLog(), database)
    assert ids(database) == ["small", "big"]
    assert ids(database, status="closed") == ["small", "big"]
    assert ids(database, status="active") == []
    assert ids(database, severity="critical", agent_id="web") == ["big"]
    assert ids(database, agent_id="nobody") == []
    with database.connect() as connection:
        first = list_incidents(connection, "default", limit=1)
        rest = list_incidents(connection, "default", limit=1, cursor=first.next_cursor)
        assert list_incidents(connection, "elsewhere").items == []
        assert active_incident_counts(connection, "default") == []
    assert [row.incident_id for row in (*first.items, *rest.items)] == ["small", "big"]


def test_an_incident_shows_what_became_of_it(database: Engine) -> None:
    story(FakeLog(), database)
    with database.connect() as connection:
        big = get_incident(connection, "default", "big")
        small = get_incident(connection, "default", "small")
    assert big is not None
    assert small is not None
    assert (big.status, big.close_reason, big.lasted_s) == ("closed", "quiet", 7.5)
    assert (big.merged, big.agents, big.open_findings) == (["small"], 9, 0)
    assert (small.close_reason, small.merged_into) == ("merged", "big")
    assert big.root["agent"] == "default/db"
    assert [member["agent"] for member in big.members] == ["default/db", "default/web"]


def test_a_past_moment_shows_them_as_they_were(database: Engine) -> None:
    story(FakeLog(), database)
    assert ids(database, as_of=T0 + 0.5) == []
    assert ids(database, as_of=T0 + 3, status="active") == ["small", "big"]
    assert ids(database, as_of=T0 + 6, status="open", agent_id="web") == ["big"]
    with database.connect() as connection:
        then = get_incident(connection, "default", "big", T0 + 3)
        assert get_incident(connection, "default", "big", T0) is None
    assert then is not None
    assert (then.status, then.severity, then.agents) == ("open", "critical", 2)


def test_its_timeline_tells_findings_actions_and_outcomes_in_order(database: Engine) -> None:
    story(FakeLog(), database)
    with database.connect() as connection:
        big = get_incident(connection, "default", "big")
        assert big is not None
        told = timeline(connection, big)
        earlier = timeline(connection, big, T0 + 3.5)
    assert [entry.what for entry in told] == [
        "finding.raised",
        "incident.opened",
        "action.proposed",
        "action.granted",
        "incident.changed",
        "action.finished",
        "finding.ended",
        "incident.closed",
    ]
    assert earlier == told[:3]
    assert {entry.agent for entry in told} == {"db"}
    assert all(entry.text for entry in told)
