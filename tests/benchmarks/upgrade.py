"""How long a new version of surveillance takes to take a fleet over, by how it comes to a state.

``python -m tests.benchmarks.upgrade [--agents 100000] [--rounds 3]``

Agents with ten metrics each report into the log; a worker folds them and is killed with SIGKILL
between two snapshots. A worker of the next version then carries its state over, and one of the
version after that, to which no migration leads, learns anew. Measured of both, from a process that
has imported everything: until the states of all partitions are loaded, until every partition is
judged by the new version, and until its state is kept as snapshot and checkpoint.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import signal
import subprocess
import sys
import time
from typing import Any

from processors.migrations import unchanged
from processors.runtime.ending import end_process
from processors.runtime.member import Member
from processors.runtime.worker import Worker
from processors.surveillance.step import Surveillance
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader
from tests.benchmarks.heartbeats import fill
from tests.benchmarks.restore import PARTITIONS, SIGNER, brokers, cpu_s, say

GROUP = "upgrade"


def step_of(later: int) -> Surveillance:
    """Return the present step, or one a version or two `later`; only the first is led to."""
    step = Surveillance()
    step.migrations = {**step.migrations, step.version: unchanged}
    step.version += later
    return step


async def work(bootstrap: str, later: int) -> None:
    """Take over what an earlier version left; say how that went, and stand still."""
    connection, step = Connection(bootstrap), step_of(later)
    async with LogReader(connection) as reader:
        ends = await reader.end_offsets([step.inbox.name])
    began, used = time.perf_counter(), cpu_s()
    worker = Worker(connection, [step], SIGNER, Member(0, PARTITIONS, GROUP), end_process)
    await worker.start()
    await worker.owner.assigned.wait()
    said = {"loaded": time.perf_counter() - began}
    owner = worker.owner
    while not all(lane.next >= ends[place] for place, lane in owner.lanes.items()):
        await asyncio.sleep(0.02)
    said["folded"] = time.perf_counter() - began
    await fill(bootstrap, 100, 100)  # a version crosses with the first record that it judges
    while not all(lane.crossed for lane in owner.lanes.values()):
        await asyncio.sleep(0.02)
    said["crossed"] = time.perf_counter() - began
    while any(lane.snapshotting for lane in owner.lanes.values()):
        await asyncio.sleep(0.02)
    kept = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    state = sum(len(step.dump(lane.state)) for lane in owner.lanes.values()) / 1e6
    records = float(owner.records)
    say(**said, kept=kept, cpu=cpu_s() - used, records=records, memory=memory, state=state)
    await asyncio.Event().wait()


def run(bootstrap: str, later: int) -> dict[str, Any]:
    """Let a worker take over, and kill it; return what it said."""
    argv = [sys.executable, "-m", "tests.benchmarks.upgrade", "--worker", bootstrap, str(later)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE)
    if process.stdout is None or not (line := process.stdout.readline()):
        raise RuntimeError(f"the worker ended with status {process.wait()}")
    process.send_signal(signal.SIGKILL)
    process.wait()
    said: dict[str, Any] = json.loads(line)
    return said


async def measure(agents: int, rounds: int) -> None:
    """Print a row for each way."""
    async with brokers() as bootstrap:
        await fill(bootstrap, agents * rounds, agents)
        await asyncio.to_thread(run, bootstrap, 0)
        for later, way in ((1, "carried over"), (2, "learnt anew")):
            said = await asyncio.to_thread(run, bootstrap, later)
            print(
                f"| {agents:,} | {said['state']:,.0f} | {way} | {said['records']:,.0f} "
                f"| {said['loaded']:.1f} | {said['crossed']:.1f} | {said['kept']:.1f} "
                f"| {said['cpu']:.1f} | {said['memory']:.0f} |",
                flush=True,
            )


def main() -> None:
    """Measure, or be the worker."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        asyncio.run(work(options.worker[0], int(options.worker[1])))
        return
    print(
        "| agents | state MB | state | records folded | loaded s | judged s | kept s | CPU s ",
        end="",
    )
    print("| memory MiB |\n|---:|---:|---|---:|---:|---:|---:|---:|---:|")
    asyncio.run(measure(options.agents, options.rounds))


if __name__ == "__main__":
    main()
