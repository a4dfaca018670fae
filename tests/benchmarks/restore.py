"""How long a worker is away after a kill, by the size of the fleet.

``python -m tests.benchmarks.restore [--agents 10000 100000 300000]``

Agents with ten metrics each report into the log; a worker of the surveillance step folds them and
is killed with SIGKILL between two snapshots. Measured of its successor, from a process that has
imported everything: until the states of all partitions are loaded, and until the last record that
lay in the log is folded; of the first worker: what its snapshots wrote, and how large a state is.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from processors.runtime.ending import end_process
from processors.runtime.member import Member
from processors.runtime.worker import Worker
from processors.surveillance.step import Surveillance
from streams.contracts.topics import TELEMETRY
from streams.contracts.trust import Signer
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.log_reader import LogReader
from tests.benchmarks.heartbeats import fill
from tests.ports import free_port

PARTITIONS = 4
SIGNER = Signer(b"a secret for benchmarks")
"""Signs snapshots."""
ROUNDS = 3
"""Heartbeats of each agent before the kill."""


def say(**figures: float) -> None:
    os.write(1, json.dumps(figures).encode() + b"\n")


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def work(bootstrap: str) -> None:
    """Fold from the last snapshot to the end of the log; say how that went, and stand still."""
    connection = Connection(bootstrap)
    async with LogReader(connection) as reader:
        ends = await reader.end_offsets([TELEMETRY.name])
    began, used = time.perf_counter(), cpu_s()
    member = Member(0, PARTITIONS, "restore")
    worker = Worker(connection, [Surveillance()], SIGNER, member, end_process)
    await worker.start()
    await worker.owner.assigned.wait()
    loaded, folded = time.perf_counter() - began, cpu_s() - used
    lanes = worker.owner.lanes
    position = sum(lane.next for lane in lanes.values())
    while any(lane.next < ends[place] for place, lane in lanes.items()):
        await asyncio.sleep(0.02)
        lanes = worker.owner.lanes
    say(
        loaded=loaded, loaded_cpu=folded, ready=time.perf_counter() - began,
        ready_cpu=cpu_s() - used, replayed=sum(ends.values()) - position,
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        written=worker._snapshots.bytes / 1e6, snapshots=worker._snapshots.written,
        state=sum(len(lane.step.dump(lane.state)) for lane in lanes.values()) / 1e6,
    )  # fmt: skip
    await asyncio.Event().wait()


def run(bootstrap: str) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    """Start a worker; return it and what it said when it had folded everything."""
    argv = [sys.executable, "-m", "tests.benchmarks.restore", "--worker", bootstrap]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE)
    if process.stdout is None or not (line := process.stdout.readline()):
        raise RuntimeError(f"the worker ended with status {process.wait()}")
    return process, json.loads(line)


@asynccontextmanager
async def brokers() -> AsyncIterator[str]:
    """Give the address of a broker of one's own with the topics."""
    with tempfile.TemporaryDirectory(prefix="homeostat-restore-") as folder:
        broker = EmbeddedBroker(Path(folder), free_port())
        await broker.start()
        try:
            await ensure_topics(Connection(broker.bootstrap), PARTITIONS)
            yield broker.bootstrap
        finally:
            await broker.stop()


async def measure(agents: int) -> None:
    """Print a row of the table."""
    async with brokers() as bootstrap:
        await fill(bootstrap, agents * ROUNDS, agents)
        for turn in ("first", "second"):
            process, said = await asyncio.to_thread(run, bootstrap)
            process.send_signal(signal.SIGKILL)
            process.wait()
            if turn == "first":
                print(
                    f"| {agents:,} | {said['state']:,.0f} | {said['written']:,.0f} in "
                    f"{said['snapshots']:.0f} | {said['ready_cpu']:.1f}", end=" | ",
                )  # fmt: skip
        print(
            f"{said['loaded']:.1f} ({said['loaded_cpu']:.1f}) | {said['replayed']:,.0f} "
            f"| {said['ready']:.1f} ({said['ready_cpu']:.1f}) | {said['memory']:.0f} |",
            flush=True,
        )


def main() -> None:
    """Measure each size, or be the worker."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, nargs="+", default=[10_000, 100_000, 300_000])
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        asyncio.run(work(options.worker))
        return
    print("| agents | state MB | snapshots wrote MB | CPU s to fold all | loaded s (CPU) ", end="")
    print("| replayed | ready s (CPU) | memory MiB |\n|---:|---:|---:|---:|---:|---:|---:|---:|")
    for agents in options.agents:
        asyncio.run(measure(agents))


if __name__ == "__main__":
    main()
