"""What a scrape asks of both kinds of database, with more agents than are told of singly."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from processors.step import Fact
from projections.queries.scraped import (
    agent_statuses,
    count_agents,
    ended_action_counts,
)
from projections.queries.totals import agent_counts, agent_scores
from projections.queries.workers import WorkerSeen, seen_workers
from projections.views import Views
from streams.contracts.events.agent import AgentRegistered
from tests.integration.log_of_facts import (
    PARTITIONS,
    SIGNER,
    T0,
    FakeLog,
    finished,
    granted,
    proposed,
    raised,
    registered,
    sealed,
)

AGENTS = 2_000
SHOWN = 1000
SAID = {"records_per_s": 7.0, "snapshot_age_s": 3.0}
WORKERS = {
    "worker-3": SAID,
    "worker-2": {"tasks": 4.0},  # of somebody's queue of tasks
    "worker-07": SAID,
    "worker-1x": SAID,
    "sim-worker-1": SAID,
}


def a_worker(name: str, said: dict[str, float]) -> Fact:
    data = AgentRegistered(name, "worker", provisional=False, labels={}, metrics=said)
    return Fact(f"default/{name}", data, T0)


@pytest.fixture
def fleet(database: Engine) -> Engine:
    log = FakeLog()
    views = Views(database, SIGNER, PARTITIONS, "a test")
    seen = [(i, registered(f"web-{i:05d}", cpu_usage=1.0)) for i in range(AGENTS - len(WORKERS))]
    seen += [(AGENTS - 1, a_worker(name, said)) for name, said in WORKERS.items()]
    seen.append((AGENTS, raised("web-00007", "finding-1", T0 + 1)))
    views.write(log.records(sealed("surveillance", "telemetry", 0, seen)))
    done = [
        (0, proposed("web-00007", "action-1", "finding-1", T0 + 1.1)),
        (1, granted("web-00007", "action-1", "finding-1", T0 + 1.2)),
        (2, proposed("web-00008", "action-2", "finding-1", T0 + 1.1)),
        (3, finished("web-00007", "action-1", "finding-1", T0 + 1.5)),
    ]
    views.write(log.records(sealed("decision", "decisions", 0, done)))
    return database


def test_single_agents_are_bounded_and_all_are_counted(fleet: Engine) -> None:
    with fleet.connect() as connection:
        statuses = agent_statuses(connection, None, SHOWN)
        assert len(statuses) == SHOWN == len({labels for labels, _ in statuses})
        assert len(agent_scores(connection, None, SHOWN)) <= SHOWN
        assert count_agents(connection, None) == AGENTS
        assert sum(value for _, value in agent_counts(connection, None)) == AGENTS
        assert count_agents(connection, "elsewhere") == 0
        assert agent_statuses(connection, "elsewhere", SHOWN) == []


def test_only_what_came_to_an_end_is_an_outcome(fleet: Engine) -> None:
    with fleet.connect() as connection:
        ((labels, count),) = ended_action_counts(connection, None)
        assert ended_action_counts(connection, "elsewhere") == []
    assert (labels[0], labels[1], count) == ("default", "service.restart", 1.0)


def test_workers_are_told_of_and_agents_that_are_named_alike_are_none(fleet: Engine) -> None:
    with fleet.connect() as connection:
        assert seen_workers(connection) == [WorkerSeen("worker-3", T0, SAID)]
