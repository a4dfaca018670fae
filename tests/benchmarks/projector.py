"""At which rate the projector stops keeping up: ``python -m tests.benchmarks.projector``.

A fleet's heartbeats, and what surveillance made of them (registrations, windows, findings), lie in
the log; then the projector alone reads all of it into an empty database. When it is behind, it
coalesces as much as it ever can, so the rate at which it catches up is the highest that it can
follow. Given are heartbeats per second of wall time, and the processor seconds that a million of
them cost the projector and the database: what is steadier on a busy machine. One full core of the
projector is the limit, so a million divided by its seconds is the rate on a machine of one's own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from projections.database import open_database
from projections.migrations import prepare
from projections.projector import FETCH_WAIT_MS, TOPICS, starting_positions
from projections.pump import pump
from projections.views import Views
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader
from tests.benchmarks import restore
from tests.benchmarks.heartbeats import fill
from tests.benchmarks.sizing import postgresql


async def project(bootstrap: str, url: str) -> None:
    """Read the log to its end into the database at `url`; say what that cost."""
    engine, connection = open_database(url), Connection(bootstrap)
    prepare(engine)
    views = Views(engine, restore.SIGNER, restore.PARTITIONS, "benchmark")
    names, loop = [topic.name for topic in TOPICS], asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as thread:
        async with LogReader(connection, wait_ms=FETCH_WAIT_MS, batch=1000) as reader:
            start, ends = await starting_positions(reader, {}), await reader.end_offsets(names)
            began, used = time.perf_counter(), time.process_time()
            await pump(
                reader.read(start, ends),
                lambda records: loop.run_in_executor(thread, views.write, records),
                asyncio.Event(),
            )
    took, cpu = time.perf_counter() - began, time.process_time() - used
    engine.dispose()
    records = sum(ends.values()) - sum(start.values())
    os.write(1, json.dumps({"seconds": took, "cpu_s": cpu, "records": records}).encode())


def measured(bootstrap: str, url: str, server: psutil.Process | None, heartbeats: int) -> str:
    """Run the projector in a process of its own; return its part of a row."""
    before = used(server)
    argv = [sys.executable, "-m", "tests.benchmarks.projector", "--into", bootstrap, url]
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=True)
    said, database = json.loads(done.stdout), used(server) - before
    millions = heartbeats / 1e6
    own = said["cpu_s"] / millions
    return (
        f"{said['records']:,} | {heartbeats / said['seconds']:,.0f} | {own:.1f} "
        f"| {database / millions:.1f} | {1e6 / own:,.0f} |"
    )


def used(server: psutil.Process | None) -> float:
    """Return the processor seconds of a database and all of its processes so far."""
    if server is None:
        return 0.0
    found = 0.0
    for process in (server, *server.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            found += times.user + times.system + times.children_user + times.children_system
    return found


async def compare(agents: int, rounds: int) -> None:
    """Fill a log, let surveillance fold it, and project it into each database."""
    async with restore.brokers() as bootstrap:
        await fill(bootstrap, agents * rounds, agents)
        worker, _ = await asyncio.to_thread(restore.run, bootstrap)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        with tempfile.TemporaryDirectory(prefix="homeostat-projector-") as folder:
            sqlite = f"sqlite:///{folder}/views.db"
            for kind, found in (
                ("SQLite", contextlib.nullcontext((sqlite, None))),
                ("PostgreSQL", postgresql(Path(folder) / "postgresql")),
            ):
                with found as (url, server):
                    row = await asyncio.to_thread(measured, bootstrap, url, server, agents * rounds)
                    print(f"| {agents:,} | {kind} | {row}", flush=True)


def main() -> None:
    """Compare, or be the projector."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=10, help="heartbeats of each agent")
    parser.add_argument("--into", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.into:
        asyncio.run(project(*options.into))
        return
    print(
        "| agents | database | records read | heartbeats/s | CPU s per million heartbeats ", end=""
    )
    print("| database's | heartbeats/s on a core of its own |\n|---:|---|---:|---:|---:|---:|---:|")
    for agents in options.agents:
        asyncio.run(compare(agents, options.rounds))


if __name__ == "__main__":
    main()
