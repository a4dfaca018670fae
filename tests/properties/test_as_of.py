"""The past asked for is the past folded: intervals against a log read up to a moment."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from processors.step import Fact
from projections.models.history import HISTORIES, OPEN
from projections.queries.actions import list_actions
from projections.queries.agents import list_agents
from projections.queries.as_of import list_actions_as_of, list_agents_as_of, list_findings_as_of
from projections.queries.findings import list_findings
from projections.replay.until import Happened
from projections.views import Views
from streams.contracts.record import Record
from tests.databases import new_database
from tests.integration.log_of_facts import PARTITIONS, SIGNER, T0, FakeLog, facts_only, sealed
from tests.properties.test_projections import facts


@contextmanager
def views_of(records: Sequence[Record]) -> Iterator[Connection]:
    with tempfile.TemporaryDirectory() as folder:
        engine = new_database(Path(folder) / "views.db")
        Views(engine, SIGNER, PARTITIONS, "a test").write(records)
        with engine.connect() as connection:
            yield connection
        engine.dispose()


def _told(rows: list[Any]) -> list[Any]:
    return [msgspec.structs.replace(row, updated_at=0.0) for row in rows]


def _unmeasured(rows: list[Any]) -> list[Any]:
    return [msgspec.structs.replace(row, metrics={}, last_seen=None) for row in rows]


def shown(connection: Connection) -> dict[str, Any]:
    return {
        "agents": _told(_unmeasured(list_agents(connection, "default").items)),
        "findings": _told(list_findings(connection, "default").items),
        "actions": _told(list_actions(connection, "default").items),
    }


def shown_as_of(connection: Connection, at: float) -> dict[str, Any]:
    return {
        "agents": _told(_unmeasured(list_agents_as_of(connection, "default", at).items)),
        "findings": _told(list_findings_as_of(connection, "default", at).items),
        "actions": _told(list_actions_as_of(connection, "default", at).items),
    }


@settings(max_examples=12, deadline=None)
@given(st.lists(facts(), min_size=1, max_size=25), st.integers(-1, 501))
def test_what_is_asked_for_is_what_was_folded_by_then(happened: list[Fact], after: int) -> None:
    """Times are in any order here, as with writers whose clocks differ."""
    moment = T0 + after
    outgoing = sealed("surveillance", "telemetry", 0, list(enumerate(happened)))
    records = facts_only(FakeLog().records(outgoing))
    counts = Happened(SIGNER, moment)
    with (
        views_of(records) as whole,
        views_of([record for record in records if counts(record)]) as cut,
    ):
        assert shown_as_of(whole, moment) == shown(cut)


@settings(max_examples=12, deadline=None)
@given(st.lists(facts(), min_size=1, max_size=40))
def test_intervals_neither_overlap_nor_leave_gaps(happened: list[Fact]) -> None:
    outgoing = sealed("surveillance", "telemetry", 0, list(enumerate(happened)))
    with views_of(facts_only(FakeLog().records(outgoing))) as connection:
        for table, history in HISTORIES.items():
            names = [column.name for column in table.primary_key]
            lines: dict[tuple[Any, ...], list[tuple[float, float]]] = {}
            for row in connection.execute(select(history).order_by("valid_to")).mappings():
                key = tuple(row[name] for name in names)
                lines.setdefault(key, []).append((row["valid_from"], row["valid_to"]))
            assert len(lines) == len(connection.execute(select(table)).all())
            for intervals in lines.values():
                edges = [edge for interval in intervals for edge in interval]
                assert edges[1:-1:2] == edges[2::2]
                assert all(begin < end for begin, end in intervals)
                assert edges[-1] == OPEN
