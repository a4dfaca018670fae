"""How long the API takes to answer, with a large fleet: ``python -m tests.benchmarks.reads``.

Views of 100,000 agents, findings and actions are folded from facts; the API runs as a process of
its own. Requests leave at a steady rate whether or not earlier ones were answered, and each is
timed from when it was due, so that a stall counts for everybody it kept waiting. With ``--url`` the
views lie in that (empty) database, such as PostgreSQL's.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np

from config.settings import Settings
from projections.database import open_database
from projections.migrations import prepare
from projections.views import Views
from streams.kafka.ports import free_port
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
    """Fold the fleet's facts into the views."""
    engine = open_database(settings.database)
    prepare(engine)
    views, log = Views(engine, SIGNER, PARTITIONS, "a benchmark"), FakeLog()
    for chunk in facts(agents):
        views.write(facts_only(log.records(sealed("surveillance", "telemetry", 0, chunk))))
    engine.dispose()


def paths(agents: int, seed: int) -> Iterator[str]:
    """Give what a page and its people ask for, in turn."""
    chance = random.Random(seed)
    while True:
        name = f"agent-{chance.randrange(agents):06d}"
        yield f"/agents/{name}"
        yield "/agents?limit=50"
        yield "/agents?health=failing&limit=50"
        yield f"/agents?text={name[:10]}&limit=20"
        yield "/findings?state=open&limit=50"
        yield f"/agents/{name}/events?limit=20"
        yield "/events?before=9000000000&limit=50"
        yield f"/agents/{name}?as_of=2026-09-21T23:00:00Z"


async def load(
    base: str, token: str, rate: float, seconds: float, agents: int
) -> dict[str, list[float]]:
    """Return the seconds of every answer, by kind of question."""
    taken: dict[str, list[float]] = {}
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=base, headers=headers, limits=limits, timeout=30) as api:

        async def ask(path: str, due: float) -> None:
            answer = await api.get(f"/api/v1{path}")
            answer.raise_for_status()
            kind = re.sub(r"agent-[0-9]+", "ID", re.sub(r"=.*", "", path))
            taken.setdefault(kind, []).append(time.perf_counter() - due)

        begun, sent = time.perf_counter(), 0
        async with asyncio.TaskGroup() as group:
            for path in paths(agents, seed=1):
                due = begun + sent / rate
                if due - begun > seconds:
                    break
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(ask(path, due))
                sent += 1
    return taken


def show(taken: dict[str, list[float]]) -> None:
    """Print quantiles by kind of question and over all."""
    print(f"{'question':<28} {'count':>7} {'p50 ms':>8} {'p99 ms':>8} {'most ms':>8}")
    everything = [each for some in taken.values() for each in some]
    for kind, some in [*sorted(taken.items()), ("all", everything)]:
        p50, p99 = np.percentile(some, (50, 99)) * 1000
        print(f"{kind:<28} {len(some):>7} {p50:>8.1f} {p99:>8.1f} {max(some) * 1000:>8.1f}")


def main() -> None:
    """Read the options, fill the views, ask, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=500, help="requests per second")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--url", help="an SQLAlchemy URL; default: SQLite in a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="homeostat-reads-") as folder:
        settings = Settings(home=Path(folder), api_port=free_port(), database_url=options.url)
        began = time.monotonic()
        fill(settings, options.agents)
        print(f"{options.agents:,} agents folded in {time.monotonic() - began:.0f} s")
        own = {
            "HOMEOSTAT_HOME": folder,
            "HOMEOSTAT_API_PORT": str(settings.api_port),
            "HOMEOSTAT_KAFKA": f"127.0.0.1:{free_port()}",
        } | ({"HOMEOSTAT_DATABASE_URL": options.url} if options.url else {})
        command = [sys.executable, "-m", "api.cli.roles", "api"]
        with subprocess.Popen(command, env=os.environ | own) as api:
            try:
                base, token = f"http://127.0.0.1:{settings.api_port}", settings.token()
                asyncio.run(until_up(base))
                asyncio.run(load(base, token, options.rate / 5, 3, options.agents))  # warm
                show(asyncio.run(load(base, token, options.rate, options.seconds, options.agents)))
            finally:
                api.terminate()


async def until_up(base: str) -> None:
    """Wait until the API answers."""
    async with httpx.AsyncClient() as api:
        for _ in range(200):
            try:
                await api.get(f"{base}/healthz")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return
    raise TimeoutError("the API did not start")


if __name__ == "__main__":
    main()
