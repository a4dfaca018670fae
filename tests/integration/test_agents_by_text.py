"""Agents are found by what their id, type or labels contain, however few or many do."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Connection, Engine, text

from processors.step import Fact
from projections.database import open_database, writing
from projections.migrations import prepare
from projections.models import agents
from projections.queries import agents_text
from projections.queries.agents import BY_SECURITY, AgentQuery, list_agents
from projections.views import Views
from streams.contracts.events.agent import AgentLabelled, AgentRegistered
from tests.integration.log_of_facts import PARTITIONS, SIGNER, T0, FakeLog, facts_only, sealed

AGENTS = {
    "web-1": ("service", {"host": "h1"}),
    "web-2": ("service", {"host": "h2", "zone": "50%_of"}),
    "Web.Main": ("Container", {"team": 'say "hi"'}),
    "db": ("service", {"owner": "Zoë", "kanji": "日本語"}),
    "batch": ("job", {}),
}
TEXTS = [
    "w", "we", "web", "WEB-", "web-1", "b-1", "h1", "service", "SERV", "container", "50%", "%_o",
    "%", "_of", "zoë", "日本語", "本", 'y \\"h', '"', "hi", "nothing", "web-1\nservice", "a OR b",
    "NOT web", "web*", "/", "batch", "-",
]  # fmt: skip


@pytest.fixture
def filled(database: Engine) -> Engine:
    def fact(name: str, kind: str, labels: dict[str, str]) -> Fact:
        data = AgentRegistered(name, kind, provisional=True, labels=labels, metrics={})
        return Fact(f"default/{name}", data, T0)

    write(database, *(fact(name, *rest) for name, rest in AGENTS.items()))
    return database


def write(database: Engine, *facts: Fact, first: int = 0) -> None:
    numbered = [(first + n, fact) for n, fact in enumerate(facts)]
    records = FakeLog().records(sealed("surveillance", "telemetry", 0, numbered))
    views = Views(database, SIGNER, PARTITIONS, "test")
    views.positions.clear()
    views.write(facts_only(records))


def found(connection: Connection, wanted: str, tenant: str = "default") -> list[str]:
    return [row.agent_id for row in list_agents(connection, tenant, AgentQuery(text=wanted)).items]


@pytest.mark.parametrize("few", [0, 2000])
def test_the_few_of_a_kind_are_sorted_as_if_all_were_gone_through(
    filled: Engine, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(agents_text, "FEW", few)
    wanted = AgentQuery(type="service", sort=BY_SECURITY)
    with filled.connect() as connection:
        first = list_agents(connection, "default", wanted, limit=2)
        rest = list_agents(connection, "default", wanted, limit=2, cursor=first.next_cursor)
        assert list_agents(connection, "elsewhere", wanted).items == []
    assert [row.agent_id for row in (*first.items, *rest.items)] == ["db", "web-1", "web-2"]


@pytest.mark.parametrize("few", [0, 1, 2000])
def test_trigrams_find_what_reading_all_finds(
    filled: Engine, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(agents_text, "FEW", few)
    with filled.connect() as connection:
        quick = {wanted: found(connection, wanted) for wanted in TEXTS}
        monkeypatch.setattr("projections.queries.agents.narrowing", lambda *_: None)
        assert quick == {wanted: found(connection, wanted) for wanted in quick}
    assert quick["WEB-"] == ["web-1", "web-2"]
    assert quick["50%"] == ["web-2"]
    assert quick["日本語"] == ["db"]
    assert quick["container"] == ["Web.Main"]
    assert quick["nothing"] == []


def test_another_tenant_finds_nothing(filled: Engine) -> None:
    with filled.connect() as connection:
        assert found(connection, "service", "elsewhere") == []


def test_what_an_agent_became_is_found_and_what_it_was_is_not(filled: Engine) -> None:
    changed = Fact("default/web-1", AgentLabelled("function", {"host": "elsewhere"}), T0 + 1)
    write(filled, changed, first=100)
    with filled.connect() as connection:
        assert found(connection, "function") == found(connection, "elsewhere") == ["web-1"]
        assert found(connection, "service") == ["db", "web-2"]


def test_what_is_written_anew_is_found_once(filled: Engine) -> None:
    with writing(filled) as connection:
        rows = [dict(row) for row in connection.execute(agents.select()).mappings()]
        connection.execute(agents.delete())
        assert found(connection, "service") == []
        connection.execute(agents.insert(), rows)
        assert found(connection, "service") == ["db", "web-1", "web-2"]


def test_pages_of_a_search_follow_each_other(filled: Engine) -> None:
    with filled.connect() as connection:
        first = list_agents(connection, "default", AgentQuery(text="service"), limit=2)
        assert [row.agent_id for row in first.items] == ["db", "web-1"]
        rest = list_agents(
            connection, "default", AgentQuery(text="service"), limit=2, cursor=first.next_cursor
        )
        assert [row.agent_id for row in rest.items] == ["web-2"]
        assert rest.next_cursor is None


def test_the_index_can_answer(postgres_url: str) -> None:
    engine = open_database(postgres_url)
    prepare(engine)
    asked = agents.select().where(agents_text.candidates("postgresql")[1]).compile(engine)
    with engine.connect() as connection:
        connection.execute(text("SET enable_seqscan = off"))
        connection.execute(text("SET enable_indexscan = off"))
        values = {"tenant": "default", "narrowing": ["web"]}
        told = connection.exec_driver_sql(f"EXPLAIN {asked}", values).scalars()
        assert "ix_agents_text" in "\n".join(told)
    engine.dispose()


def test_a_search_soon_after_many_agents_came_reads_few_pages(postgres_url: str) -> None:
    engine = open_database(postgres_url)
    prepare(engine)
    came = (AgentRegistered(f"agent-{n:06d}", "service", provisional=True) for n in range(3000))
    write(engine, *(Fact(f"default/{one.agent_id}", one, T0) for one in came))
    asked = agents.select().where(agents_text.candidates("postgresql")[1]).compile(engine)
    with engine.connect() as connection:
        connection.execute(text("SET enable_seqscan = off"))
        values = {"tenant": "default", "narrowing": ["234"]}
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {asked}"
        told = connection.exec_driver_sql(explain, values).scalar()
    engine.dispose()
    search = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]["Plans"][0]
    assert search["Index Name"] == "ix_agents_text"
    assert search["Shared Hit Blocks"] + search["Shared Read Blocks"] < 32


def test_of_what_most_agents_are_called_a_page_is_read_and_no_more(postgres_url: str) -> None:
    engine = open_database(postgres_url)
    prepare(engine)
    came = (AgentRegistered(f"agent-{n:06d}", "service", provisional=True) for n in range(3000))
    write(engine, *(Fact(f"default/{one.agent_id}", one, T0) for one in came))
    with engine.connect() as connection:
        connection.execute(text("ANALYZE agents"))
        assert agents_text.narrowing(connection, "agent-0012") is not None
        assert agents_text.narrowing(connection, "agent-") is None
        assert len(found(connection, "agent-")) == 100
        assert found(connection, "agent-00123") == [f"agent-00123{n}" for n in range(10)]
    engine.dispose()
