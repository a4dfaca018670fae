"""How long the API takes to answer, with a large fleet: ``python -m tests.benchmarks.reads``.

Views of 100,000 agents, findings and actions are folded from facts; the API runs as a process of
its own. Requests leave at a steady rate, see `tests.benchmarks.open_loop`. With ``--url`` the views
lie in that database, such as PostgreSQL's, and with ``--home`` in that folder; there they are
folded once, and found again by the next run.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import psutil
from sqlalchemy import Engine, text

from config.settings import Settings
from projections.database import open_database
from projections.migrations import prepare
from projections.queries.agents import count_agents
from projections.views import Views
from tests.benchmarks.open_loop import Answers, Question, Target, ask
from tests.integration.log_of_facts import (
    PARTITIONS,
    SIGNER,
    T0,
    Fact,
    FakeLog,
    facts_only,
    health,
    raised,
    registered,
    sealed,
)
from tests.ports import free_port

_CHUNK = 2000
_FAILING_EACH = 50


def facts(agents: int) -> Iterator[list[tuple[int, Fact]]]:
    """Give facts of a fleet in which every fiftieth agent has a finding."""
    for first in range(0, agents, _CHUNK):
        chunk: list[tuple[int, Fact]] = []
        for n in range(first, min(agents, first + _CHUNK)):
            name = f"agent-{n:06d}"
            chunk.append((n, registered(name, cpu_usage=40.0, memory_usage=30.0)))
            level = "failing" if n % _FAILING_EACH == 0 else "healthy"
            chunk.append((n, health(name, level, 10.0 if level == "failing" else 100.0, T0 + 1)))
            if level == "failing":
                chunk.append((n, raised(name, f"finding-{n}", T0 + 1)))
        yield chunk


def fill(settings: Settings, agents: int) -> None:
    """Fold the fleet's facts into the views, where they do not hold them yet."""
    began, engine = time.monotonic(), open_database(settings.database)
    prepare(engine)
    with engine.connect() as connection:
        known = sum(count_agents(connection, "default")["status"].values())
    if known != agents:
        views, log = Views(engine, SIGNER, PARTITIONS, "a benchmark"), FakeLog()
        for chunk in facts(agents):
            views.write(facts_only(log.records(sealed("surveillance", "telemetry", 0, chunk))))
        _settle(engine)
        print(f"{agents:,} agents folded in {time.monotonic() - began:.0f} s")
    engine.dispose()


def _settle(engine: Engine) -> None:
    """Let PostgreSQL do now what it would do beside the first answers: sort in, count, clean."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE)"))


def questions(agents: int, seed: int) -> Iterator[Question]:
    """Give what a page and its people ask for, in turn."""
    chance = random.Random(seed)
    while True:
        name = f"agent-{chance.randrange(agents):06d}"
        for kind, path in (
            ("one agent", f"agents/{name}"),
            ("agents", "agents?limit=50"),
            ("agents that fail", "agents?health=failing&limit=50"),
            ("agents by text", f"agents?text={name[:10]}&limit=20"),
            ("open findings", "findings?state=open&limit=50"),
            ("an agent's events", f"agents/{name}/events?limit=20"),
            ("latest events", "events?before=9000000000&limit=50"),
            ("one agent in the past", f"agents/{name}?as_of=2026-09-21T23:00:00Z"),
        ):
            yield Question(kind, f"/api/v1/{path}")


def show(answers: Answers, cpu_s: float) -> None:
    """Print quantiles by kind of question and over all, and what they cost."""
    print(f"{'question':<28} {'count':>7} {'p50 ms':>8} {'p99 ms':>8} {'most ms':>8}")
    everything = [each for some in answers.taken.values() for each in some]
    for kind, some in [*sorted(answers.taken.items()), ("all", everything)]:
        p50, p99 = np.percentile(some, (50, 99)) * 1000
        print(f"{kind:<28} {len(some):>7} {p50:>8.1f} {p99:>8.1f} {max(some) * 1000:>8.1f}")
    print(
        f"{answers.rate:.0f} answers/s, {cpu_s / len(everything) * 1000:.2f} ms of the API's "
        f"processor time each, failed: {answers.failed or 'none'}"
    )


@contextlib.contextmanager
def api_of(settings: Settings) -> Iterator[psutil.Process]:
    """Give the API as a process; no broker is there, and reads need none."""
    own = {
        "HOMEOSTAT_HOME": str(settings.home),
        "HOMEOSTAT_API_PORT": str(settings.api_port),
        "HOMEOSTAT_KAFKA": f"127.0.0.1:{free_port()}",
    } | ({"HOMEOSTAT_DATABASE_URL": settings.database_url} if settings.database_url else {})
    command = [sys.executable, "-m", "api.cli.roles", "api"]
    with subprocess.Popen(command, env=os.environ | own) as api:
        try:
            until_up(settings.api_port)
            yield psutil.Process(api.pid)
        finally:
            api.terminate()


def until_up(port: int) -> None:
    """Wait until the API answers."""
    for _ in range(200):
        try:
            httpx.get(f"http://127.0.0.1:{port}/healthz")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the API did not start")


def cpu_s(process: psutil.Process) -> float:
    """Return the processor time that a process has used, in seconds."""
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    """Read the options, fill the views, ask, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=500, help="requests per second")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--url", help="an SQLAlchemy URL; default: SQLite in the folder")
    parser.add_argument("--home", type=Path, help="a folder to keep; default: a temporary one")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        home: Path = options.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        home.mkdir(parents=True, exist_ok=True)
        settings = Settings(home=home, api_port=free_port(), database_url=options.url)
        fill(settings, options.agents)
        api = stack.enter_context(api_of(settings))
        target = Target("127.0.0.1", settings.api_port, settings.token())
        asked = questions(options.agents, seed=1)
        ask(target, asked, options.rate / 5, 3)  # warm
        before = cpu_s(api)
        answers = ask(target, asked, options.rate, options.seconds)
        show(answers, cpu_s(api) - before)


if __name__ == "__main__":
    main()
