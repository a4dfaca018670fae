"""What is asked of a few rows takes few steps of SQLite, however many rows there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from projections.database import Interrupted, open_database, within
from projections.queries.actions import ActionQuery, list_actions
from projections.queries.agents import AgentQuery, list_agents
from projections.queries.as_of import list_actions_as_of, list_findings_as_of
from projections.queries.events import chain, list_events
from projections.queries.incidents import get_incident
from projections.queries.timeline import Happened, timeline
from tests.benchmarks.views import BEGUN, fill

BRIEF = 4000
"""Steps: an answer of some ten rows."""
SMALL = 2000
EARLY = BEGUN + 1


def happened(connection: Connection, incident_id: str) -> list[Happened]:
    incident = get_incident(connection, "default", incident_id)
    assert incident is not None
    return timeline(connection, incident)


QUESTIONS: dict[str, Callable[[Connection], Any]] = {
    "a chain": lambda c: chain(c, "default", "finding-000100"),
    "an incident": lambda c: happened(c, "incident-000100"),
    "an agent's events of a type": lambda c: list_events(
        c, "default", subject="default/agent-000050", types=["finding.raised"]
    ),
    "events of a rare type": lambda c: list_events(
        c, "default", types=["rare.type"], before=1_000_000
    ),
    "actions that wait": lambda c: list_actions(c, "default", ActionQuery(states=["awaiting"])),
    "actions that waited": lambda c: list_actions_as_of(
        c, "default", BEGUN + 9000, ActionQuery(states=["awaiting"])
    ),
    "actions on a finding": lambda c: list_actions(
        c, "default", ActionQuery(finding_id="finding-000100")
    ),
    "actions on a finding then": lambda c: list_actions_as_of(
        c, "default", BEGUN + 9000, ActionQuery(finding_id="finding-000100")
    ),
    "agents by two letters": lambda c: list_agents(c, "default", AgentQuery(text="Qz")),
    "findings long ago": lambda c: list_findings_as_of(c, "default", EARLY, limit=5),
    "actions long ago": lambda c: list_actions_as_of(c, "default", EARLY, limit=5),
    "agents of a common type that hardly work": lambda c: list_agents(
        c, "default", AgentQuery(status="active", type="service", performance="critical")
    ),
    "agents of a rare type that fail": lambda c: list_agents(
        c, "default", AgentQuery(type="database", health="failing")
    ),
}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path_factory.mktemp('brief') / 'views.db'}"
    fill(url, SMALL)
    reading = open_database(url, read_only=True)
    yield reading
    reading.dispose()


@pytest.mark.parametrize("asked", QUESTIONS)
def test_it_takes_few_steps(reader: Engine, asked: str) -> None:
    with within(BRIEF), reader.connect() as connection:
        QUESTIONS[asked](connection)


def test_reading_all_events_takes_more(reader: Engine) -> None:
    with pytest.raises(Interrupted), within(BRIEF), reader.connect() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM events WHERE source = ''").all()
