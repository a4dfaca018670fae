"""Facts become rows, on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from sqlalchemy import Engine, func, select

from processors.dead_letters import dead_letter
from processors.step import Fact
from projections.models import events
from projections.queries.actions import ActionQuery, get_action, list_actions
from projections.queries.agents import AgentQuery, agent_at, agent_history, get_agent, list_agents
from projections.queries.dead_letters import list_dead_letters
from projections.queries.events import chain, latest_event_seq, list_events
from projections.queries.findings import FindingQuery, get_finding, list_findings
from projections.queries.health import is_projected, system_health
from projections.queries.metrics import MetricQuery, metric_history
from projections.views import Views
from streams.contracts.errors import MalformedRecord
from streams.contracts.events.agent import AgentLabelled, AgentStatusChanged, RegistrationDecided
from streams.contracts.record import Outgoing, Record
from streams.contracts.telemetry import Heartbeat, encode_heartbeat
from streams.contracts.trust import RecordKind
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


def views(engine: Engine) -> Views:
    return Views(engine, SIGNER, PARTITIONS, "a test")


def healing(log: FakeLog) -> list[Record]:
    """Return the whole story of one service that died and was healed."""
    seen = sealed(
        "surveillance",
        "telemetry",
        2,
        [
            (0, registered("web", up=1.0)),
            (5, raised("web", "f1", T0 + 5)),
            (5, health("web", "failing", 10.0, T0 + 5)),
            (9, ended("web", "f1", T0 + 7)),
            (9, health("web", "healthy", 100.0, T0 + 7)),
        ],
    )
    decided = sealed("decision", "decisions", 1, [(0, proposed("web", "a1", "f1", T0 + 5.1))])
    governed = sealed("governor", "governance", 0, [(3, granted("web", "a1", "f1", T0 + 5.2))])
    done = sealed("executor", "actions.commands", 0, [(0, finished("web", "a1", "f1", T0 + 5.5))])
    return facts_only(log.records(seen + decided + governed + done))


def test_what_no_text_of_a_database_holds_is_replaced(database: Engine) -> None:
    log, names = FakeLog(), {"team": "red\0blue", "path": r"C:\u0000"}
    letter = Record("telemetry", 2, 3, T0, None, b'\0{"agent_id": "\0"}', ())
    refusal = MalformedRecord("malformed_json", "an \0 in it")
    facts = [
        (0, registered("web", up=1.0)),
        (1, Fact("default/web", AgentLabelled("service", names), T0)),
        (2, Fact("default/web", AgentStatusChanged("active", "degraded", "as\0said"), T0)),
        (3, dead_letter(letter, refusal)),
    ]
    views(database).write(facts_only(log.records(sealed("surveillance", "telemetry", 2, facts))))
    with database.connect() as connection:
        agent = get_agent(connection, "default", "web")
        (found,) = list_agents(connection, "default", AgentQuery(text="blue")).items
        history = agent_history(connection, "default", "web")
        letters = list_dead_letters(connection).items
    assert agent is not None
    assert agent.labels == found.labels == {"team": "red\ufffdblue", "path": r"C:\u0000"}
    assert "as\ufffdsaid" in {each.reason for each in history}
    assert [each.reason for each in letters] == ["malformed_json"]


def test_the_story_of_a_healing_can_be_read(database: Engine) -> None:
    views(database).write(healing(FakeLog()))
    with database.connect() as connection:
        agent = get_agent(connection, "default", "web")
        finding = get_finding(connection, "default", "f1")
        action = get_action(connection, "default", "a1")
        story = [row.type for row in chain(connection, "default", "f1")]
    assert agent is not None
    assert (agent.health_level, agent.metrics) == ("healthy", {"up": 1.0})
    assert finding is not None
    assert (finding.ended_at, finding.end_reason) == (T0 + 7, "recovered")
    assert action is not None
    assert (action.state, action.verified) == ("finished", True)
    assert (action.proposed_at, action.granted_at) == (T0 + 5.1, T0 + 5.2)
    assert action.candidates[0]["score"] == 0.75
    assert story == [
        "finding.raised",
        "action.proposed",
        "action.granted",
        "action.finished",
        "finding.ended",
    ]


def test_a_past_moment_is_a_query(database: Engine) -> None:
    views(database).write(healing(FakeLog()))
    with database.connect() as connection:
        then = {i.aspect: i.value for i in agent_at(connection, "default", "web", T0 + 6)}
        now = {i.aspect: i.value for i in agent_at(connection, "default", "web", T0 + 8)}
        history = agent_history(connection, "default", "web")
    assert (then["health"], now["health"]) == ("failing", "healthy")
    assert [i.value for i in history] == ["registered", "failing", "healthy"]


def test_facts_written_again_after_a_crash_change_nothing(database: Engine) -> None:
    log = FakeLog()
    first, again = healing(log), healing(log)
    writer = views(database)
    writer.write(first)
    with database.connect() as connection:
        before = list_events(connection, "default")
        seq = latest_event_seq(connection)
    writer.write(again)
    with database.connect() as connection:
        assert list_events(connection, "default") == before
        assert latest_event_seq(connection) == seq
        agent = get_agent(connection, "default", "web")
        counted = system_health(connection).counters
    assert agent is not None
    assert agent.health_level == "healthy"
    assert sum(n for (name, _), n in counted.items() if name == "duplicates") == len(again)


def test_records_before_the_position_are_passed_over(database: Engine) -> None:
    records = healing(FakeLog())
    views(database).write(records)
    restarted = views(database)
    restarted.write(records)
    with database.connect() as connection:
        assert not any(name == "duplicates" for name, _ in system_health(connection).counters)
        count = connection.execute(select(func.count()).select_from(events)).scalar()
    assert count == len(records)


def test_a_forged_record_is_kept_as_a_dead_letter_and_moves_nothing(database: Engine) -> None:
    record = healing(FakeLog())[0]
    forged = record._replace(value=(record.value or b"").replace(b"web", b"bad"))
    unsigned = record._replace(offset=1, headers=())
    writer = views(database)
    writer.write([forged, unsigned])
    with database.connect() as connection:
        letters = list_dead_letters(connection).items
        assert list_agents(connection, "default").items == []
        assert is_projected(connection, record.topic, record.partition, 1)
    assert {one.reason for one in letters} == {"bad_signature", "unsigned_record"}
    assert {one.kind for one in letters} == {"untrusted"}


def heartbeat(agent_id: str, signed: bool = False, **metrics: float) -> Outgoing:
    value = encode_heartbeat(Heartbeat(agent_id, metrics))
    plain = Outgoing("telemetry", f"default/{agent_id}".encode(), value)
    return SIGNER.sign(plain, RecordKind.TELEMETRY) if signed else plain


def test_heartbeats_merge_into_the_latest_metrics(database: Engine) -> None:
    log = FakeLog()
    writer = views(database)
    writer.write(healing(log))
    beats = [heartbeat("web", cpu_usage=1.0), heartbeat("web", signed=True, up=0.0)]
    writer.write(log.records(beats, T0 + 30))
    with database.connect() as connection:
        agent = get_agent(connection, "default", "web")
    assert agent is not None
    assert agent.metrics == {"up": 0.0, "cpu_usage": 1.0}
    assert agent.last_seen == T0 + 30


def test_a_heartbeat_that_comes_before_its_registration_waits_for_it(database: Engine) -> None:
    log = FakeLog()
    writer = views(database)
    writer.write(log.records([heartbeat("web", cpu_usage=7.0)], T0 + 9))
    with database.connect() as connection:
        assert get_agent(connection, "default", "web") is None
    writer.write(healing(log))
    with database.connect() as connection:
        agent = get_agent(connection, "default", "web")
    assert agent is not None
    assert agent.metrics == {"up": 1.0, "cpu_usage": 7.0}


def test_reserved_metrics_need_a_signature(database: Engine) -> None:
    log = FakeLog()
    writer = views(database)
    writer.write(healing(log) + log.records([heartbeat("web", up=0.0)], T0 + 9))
    with database.connect() as connection:
        agent = get_agent(connection, "default", "web")
        counted = system_health(connection).counters
    assert agent is not None
    assert agent.metrics == {"up": 1.0}
    assert sum(n for (name, label), n in counted.items() if label == "reserved_metric") == 1


def test_windows_add_up_to_hours(database: Engine) -> None:
    facts = [(n, windows(["web", "db"], T0 + 60 * n, float(n))) for n in range(3)]
    writer = views(database)
    for record in facts_only(FakeLog().records(sealed("surveillance", "telemetry", 0, facts))):
        writer.write([record])
    with database.connect() as connection:
        asked = MetricQuery("cpu_usage", T0 - 3600, T0 + 3600)
        minutes = metric_history(connection, "default", "web", asked)
        hours = metric_history(connection, "default", "web", replace(asked, resolution="hour"))
    assert [point.mean for point in minutes] == [0.0, 1.0, 2.0]
    assert [(p.count, p.mean, p.minimum, p.maximum, p.last) for p in hours] == [
        (36, 1.0, 0.0, 2.0, 2.0)
    ]


def test_what_was_expected_stands_beside_what_was_measured(database: Engine) -> None:
    usual = (None, (1.0, 4.0), (0.5, 3.0))
    facts = [(n, windows(["web"], T0 + 60 * n, 2.0, usual[n])) for n in range(3)]
    writer = views(database)
    for record in facts_only(FakeLog().records(sealed("surveillance", "telemetry", 0, facts))):
        writer.write([record])
    with database.connect() as connection:
        asked = MetricQuery("cpu_usage", T0 - 3600, T0 + 3600)
        minutes = metric_history(connection, "default", "web", asked)
        hours = metric_history(connection, "default", "web", replace(asked, resolution="hour"))
        then = metric_history(connection, "default", "web", replace(asked, closed_by=T0 + 120))
    assert then == minutes[:2]
    assert [(p.expected_low, p.expected_high) for p in minutes] == [
        (None, None), (1.0, 4.0), (0.5, 3.0)
    ]  # fmt: skip
    assert [(p.expected_low, p.expected_high) for p in hours] == [(0.5, 4.0)]


def test_lists_page_without_gaps_or_repeats(database: Engine) -> None:
    facts = [(n, registered(f"agent-{n:02}")) for n in range(25)]
    views(database).write(
        facts_only(FakeLog().records(sealed("surveillance", "telemetry", 0, facts)))
    )
    found: list[str] = []
    cursor = None
    with database.connect() as connection:
        while True:
            page = list_agents(connection, "default", limit=10, cursor=cursor)
            found += [row.agent_id for row in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert list_agents(connection, "another").items == []
        assert len(list_agents(connection, "default", AgentQuery(text="AGENT-1")).items) == 10
    assert found == [f"agent-{n:02}" for n in range(25)]


def test_lists_filter(database: Engine) -> None:
    views(database).write(healing(FakeLog()))
    with database.connect() as connection:
        assert list_findings(connection, "default", FindingQuery(state="open")).items == []
        assert len(list_findings(connection, "default", FindingQuery(state="ended")).items) == 1
        assert len(list_actions(connection, "default", ActionQuery(states=["finished"])).items) == 1
        assert list_actions(connection, "default", ActionQuery(states=["refused"])).items == []
        assert list_events(connection, "default", types=["finding.raised"])[0].data["kind"] == (
            "service_down"
        )


def test_status_becomes_intervals(database: Engine) -> None:
    facts = [
        (0, registered("web")),
        (1, status("web", "active", T0 + 1, "registered")),
        (2, status("web", "offline", T0 + 60)),
    ]
    views(database).write(
        facts_only(FakeLog().records(sealed("surveillance", "telemetry", 0, facts)))
    )
    with database.connect() as connection:
        spans = [
            (i.value, i.valid_from, i.valid_to) for i in agent_history(connection, "default", "web")
        ]
    assert spans == [
        ("registered", T0, T0 + 1),
        ("active", T0 + 1, T0 + 60),
        ("offline", T0 + 60, None),
    ]


def test_an_agent_without_a_place_is_not_shown_as_active_for_ever(database: Engine) -> None:
    came = [(0, registered("one-more")), (0, status("one-more", "active", T0 + 1, "registered"))]
    refused = RegistrationDecided("one-more", granted=False, reason="tenant_limit")
    answer = [(4, Fact("default/one-more", refused, T0 + 1.5))]
    told = sealed("surveillance", "telemetry", 0, came) + sealed(
        "governor", "governance", 0, answer
    )
    views(database).write(facts_only(FakeLog().records(told)))
    with database.connect() as connection:
        row = get_agent(connection, "default", "one-more")
    assert row is not None
    assert (row.status, row.status_reason, row.provisional) == (
        "decommissioned", "tenant_limit", True
    )  # fmt: skip


def test_lag_counts_from_the_ends_of_the_log(database: Engine) -> None:
    records = healing(FakeLog())
    views(database).write(records)
    place = (records[0].topic, records[0].partition)
    with database.connect() as connection:
        health_now = system_health(connection, {place: 10, ("fleet", 99): 2})
        reached = next(p for p in health_now.partitions if (p.topic, p.partition) == place)
    assert health_now.lag == (10 - reached.next_offset) + 2


def test_every_row_type_is_plain_data(database: Engine) -> None:
    views(database).write(healing(FakeLog()))
    with database.connect() as connection:
        for row in list_events(connection, "default"):
            assert msgspec.json.encode(row)
