"""How long a page of the past takes: 10,000 agents that changed 20 times each, on SQLite.

Run ``python -m tests.benchmarks.as_of``; it prints milliseconds of processor time (what others
run meanwhile does not count), the median of 20 pages.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from sqlalchemy import Engine

from projections import store
from projections.database import open_database, writing
from projections.migrations import prepare
from projections.models import agent_history, agents
from projections.models.history import OPEN
from projections.queries.agents import AgentQuery
from projections.queries.as_of import list_agents_as_of
from projections.queries.fleet import fleet_columns
from projections.rows import Row
from projections.windows.blocks import write_windows
from projections.windows.numbers import Numbers
from streams.contracts.events.agent import WindowsClosed

AGENTS, CHANGES, WINDOWS, PAGE, T0 = 10_000, 20, 10, 200, 1_790_000_000.0
METRICS = ("cpu_usage", "error_rate", "latency_ms", "memory_usage")
SPAN_S = 3_600.0


def main() -> None:
    """Fill a database and ask it."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{Path(folder) / 'views.db'}")
        prepare(engine)
        with writing(engine) as connection:
            for number in range(AGENTS):
                _fill(connection, f"agent-{number:05d}")
            write_windows(connection, list(_closed()), Numbers())
        for share in (0.05, 0.5, 0.95, 1.5):
            _report(engine, T0 + share * CHANGES * SPAN_S, f"{share:.0%} of the way")
        engine.dispose()


def _fill(connection: store.Connection, agent_id: str) -> None:
    row = _agent(agent_id)
    store.append(connection, agents, [row])
    names = [c.name for c in agent_history.c if c.name in row]
    kept = {name: row[name] for name in names}
    edges = [T0 + n * SPAN_S for n in range(CHANGES)] + [OPEN]
    levels = ("healthy", "degraded")
    intervals = [
        kept | {"valid_from": edges[n], "valid_to": edges[n + 1], "health_level": levels[n % 2]}
        for n in range(CHANGES)
    ]
    store.append(connection, agent_history, intervals)


def _agent(agent_id: str) -> Row:
    return {
        "tenant_id": "default", "agent_id": agent_id, "type": "service", "status": "active",
        "status_since": T0, "status_reason": "", "status_event": "", "provisional": False,
        "labels": {"host": "h1"}, "health_level": "healthy", "health_score": 100.0,
        "consecutive_failures": 0, "health_since": T0, "health_reasons": [], "health_event": "",
        "performance_level": "", "performance_score": None, "performance": {},
        "security_score": 100.0, "security_level": "secure", "security_issues": [],
        "metrics": dict.fromkeys(METRICS, 1.0), "last_seen": T0, "registered_at": T0,
        "updated_at": T0,
    }  # fmt: skip


def _closed() -> Iterator[WindowsClosed]:
    for number, metric in product(range(WINDOWS), METRICS):
        start = T0 + number * SPAN_S * CHANGES / WINDOWS
        for first in range(0, AGENTS, 500):
            names = [f"default/agent-{n:05d}" for n in range(first, first + 500)]
            one, last, unknown = [1.0] * 500, [float(number)] * 500, [None] * 500
            yield WindowsClosed(
                start, 60.0, metric, names, [12] * 500, one, one, last, last, unknown, unknown
            )


def _report(engine: Engine, at: float, when: str) -> None:
    cursor, taken = None, []
    with engine.connect() as connection:
        for _ in range(20):
            begun = time.process_time()
            page = list_agents_as_of(connection, "default", at, limit=PAGE, cursor=cursor)
            taken.append(1000 * (time.process_time() - begun))
            cursor = page.next_cursor
        begun = time.process_time()
        list_agents_as_of(connection, "default", at, AgentQuery(health="degraded"), limit=PAGE)
        filtered = 1000 * (time.process_time() - begun)
        begun = time.process_time()
        fleet_columns(connection, "default", at)
        fleet = 1000 * (time.process_time() - begun)
    sys.stdout.write(
        f"{when}: page of {PAGE} {statistics.median(taken):.1f} ms (worst {max(taken):.1f}), "
        f"filtered {filtered:.1f} ms, all {AGENTS:,} columns {fleet:.0f} ms\n"
    )


if __name__ == "__main__":
    main()
