"""However records are cut into batches, repeated and interrupted, the views are the same."""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from processors.step import Fact
from projections.database import writing
from projections.models import counters
from projections.replay.compare import compared_tables, rows_of
from projections.replay.compared_windows import windows_of
from projections.views import Views
from projections.windows.hours import add_up
from streams.contracts.record import Record
from tests.databases import new_database
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

AGENTS = st.sampled_from(["web", "db", "cache"])


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    agent = draw(AGENTS)
    number = draw(st.integers(0, 3))
    at = T0 + draw(st.integers(0, 500))
    made = (
        registered(agent, cpu_usage=float(number)),
        status(agent, draw(st.sampled_from(["active", "offline"])), at),
        health(agent, draw(st.sampled_from(["healthy", "failing"])), 10.0 * number, at),
        raised(agent, f"f{number}", at),
        ended(agent, f"f{number}", at),
        proposed(agent, f"a{number}", f"f{number}", at),
        granted(agent, f"a{number}", f"f{number}", at),
        finished(agent, f"a{number}", f"f{number}", at),
    )
    return draw(st.sampled_from(made))


def folded(batches: Sequence[Sequence[Record]], restarts: frozenset[int]) -> dict[str, Any]:
    """Return all rows after `batches`, with a new writer before those in `restarts`."""
    with tempfile.TemporaryDirectory() as folder:
        engine = new_database(Path(folder) / "views.db")
        views = Views(engine, SIGNER, PARTITIONS, "a test")
        for number, batch in enumerate(batches):
            if number in restarts:
                views = Views(engine, SIGNER, PARTITIONS, "a test")
            views.write(batch)
        with writing(engine) as connection:
            add_up(connection, math.inf)
            tables = [table for table in compared_tables() if table is not counters]
            rows = {table.name: list(rows_of(connection, table)) for table in tables}
            rows["windows"] = list(windows_of(connection))
        engine.dispose()
    return rows


@settings(max_examples=12, deadline=None)
@given(
    st.lists(facts(), min_size=1, max_size=25),
    st.lists(st.integers(0, 60), max_size=8),
    st.frozensets(st.integers(0, 9)),
)
def test_cuts_and_restarts_do_not_matter(
    happened: list[Fact], cuts: list[int], restarts: frozenset[int]
) -> None:
    outgoing = sealed("surveillance", "telemetry", 0, list(enumerate(happened)))
    records = facts_only(FakeLog().records(outgoing))
    edges = sorted({0, len(records), *(cut for cut in cuts if cut < len(records))})
    pieces = [records[a:b] for a, b in itertools.pairwise(edges)]
    assert folded(pieces, restarts) == folded([records], frozenset())


@settings(max_examples=12, deadline=None)
@given(st.lists(facts(), min_size=1, max_size=25), st.integers(0, 24), st.integers(1, 25))
def test_what_a_crashed_writer_repeats_changes_nothing_but_positions(
    happened: list[Fact], begin: int, length: int
) -> None:
    outgoing = sealed("surveillance", "telemetry", 0, list(enumerate(happened)))
    log = FakeLog()
    once = facts_only(log.records(outgoing))
    again = facts_only(log.records(outgoing[begin : begin + length]))
    expected, found = folded([once], frozenset()), folded([once, again], frozenset())
    expected.pop("positions")
    found.pop("positions")
    assert found == expected


@settings(max_examples=12, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=130))
def test_hours_hold_what_their_minutes_hold(values: list[float]) -> None:
    start = T0 - T0 % 3600
    happened = [(n, windows(["web"], start + 60 * n, value)) for n, value in enumerate(values)]
    records = facts_only(FakeLog().records(sealed("surveillance", "telemetry", 0, happened)))
    rows = folded([[record] for record in records], frozenset())
    minutes, hours = (
        {row["start"]: row["metrics"]["cpu_usage"] for row in rows[table]}
        for table in ("windows", "agent_hours")
    )
    assert sum(count for count, *_ in hours.values()) == sum(m[0] for m in minutes.values())
    for begun, (_, mean, minimum, maximum, last, _, _, latest) in hours.items():
        inside = [m for at, m in minutes.items() if begun <= at < begun + 3600]
        assert minimum == min(m[2] for m in inside)
        assert maximum == max(m[3] for m in inside)
        assert last == inside[-1][4] == minutes[latest][4]
        assert minimum - 1e-6 <= mean <= maximum + 1e-6


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5))
def test_an_agents_metrics_may_come_in_two_batches(cut: int, count: int) -> None:
    happened = [
        (n, windows([f"a{m}" for m in range(count)], T0, float(n), metric=f"metric {n}"))
        for n in range(6)
    ]
    records = facts_only(FakeLog().records(sealed("surveillance", "telemetry", 0, happened)))
    parts = folded([records[:cut], records[cut:]], frozenset({1}))
    assert parts == folded([records], frozenset())
    assert len(parts["windows"]) == len(parts["agent_hours"]) == count
