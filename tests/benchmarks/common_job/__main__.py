"""One job, several stream processors, one run: ``python -m tests.benchmarks.common_job``.

60 s windows and z-scores of four metrics (see `job`), over heartbeats of 100,000 agents, with
state that survives a kill. Each contender runs alone, in its own process, against a broker and
topics of its own. Measured is what lies between its first record and its last: records per
second, and processor seconds per million records, of the contender and of the broker. Then what
it wrote is compared with the plain definition.

Peers are asked for by name with ``--peers`` (``all`` for all of them); Quix Streams is installed
into a temporary environment, Kafka Streams needs a JDK. Per-event Python peers take a tenth of the
records, from a tenth of the agents, which flatters them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from streams.contracts.topics import Kind, Topic, snapshots_of
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from tests.benchmarks.common_job.contenders import CONTENDERS, OWN, Absent, Contender
from tests.benchmarks.common_job.load import PARTITIONS, fill
from tests.benchmarks.common_job.results import Results, difference, right, written
from tests.benchmarks.common_job.step import INBOX, RESULTS
from tests.ports import free_port

LIMIT_S = 900.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of one contender gave; memory in MiB, the rest as the table says."""

    rate: float
    cpu: float
    broker: float
    memory: float
    verdict: str


async def _started(folder: Path) -> EmbeddedBroker:
    broker = EmbeddedBroker(folder, free_port())
    await broker.start()
    own = [INBOX, RESULTS, snapshots_of(INBOX)]
    peers = [Topic(c.results, Kind.FACTS) for c in CONTENDERS.values() if c.results]
    connection = Connection(broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    await ensure_topics(connection, PARTITIONS, {t.name: t for t in [*peers, *own]}.values())
    return broker


def _run(argv: list[str], killed: bool, broker: psutil.Process) -> dict[str, Any]:
    """Run one contender to its end; return what it said, and what the broker used meanwhile."""
    before = sum(broker.cpu_times()[:2])
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, env=environment)
    said: dict[str, Any] = {}
    try:
        for line in process.stdout or ():
            said |= json.loads(line)
            if "half" in said and killed:
                process.send_signal(signal.SIGKILL)
                process.wait()
                return _run(argv, killed=False, broker=broker)
            said["memory"] = psutil.Process(process.pid).memory_info().rss / (1 << 20)
        if process.wait(LIMIT_S):
            raise RuntimeError(f"{argv} ended with status {process.returncode}")
    finally:
        process.kill()
    return said | {"broker": sum(broker.cpu_times()[:2]) - before}


async def _measure(
    contender: Contender, argv: list[str], records: int, agents: int, expected: Results
) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="homeostat-common-") as folder:
        broker = await _started(Path(folder))
        try:
            await fill(broker.bootstrap, INBOX.name, records, agents)
            command = [*argv, broker.bootstrap, INBOX.name, str(records)]
            if "KafkaStreamsJob" in argv:
                mode = contender.results.rpartition("-")[2]
                command += [mode, str(Path(folder) / "state")]
            process = psutil.Process(broker.pid)
            said = await asyncio.to_thread(_run, command, contender.killed, process)
            verdict = "-"
            if contender.results:
                found, doubled = await written(Connection(broker.bootstrap), contender.results)
                verdict = difference(found, expected) + f", {doubled} doubled" * bool(doubled)
        finally:
            await broker.stop()
    if contender.killed:  # what the second process folded is no measure of speed
        return Outcome(0.0, 0.0, 0.0, said.get("memory", 0.0), verdict)
    count = said["records"]
    million = 1e6 / count
    rate = count / said["seconds"]
    return Outcome(rate, said["cpu_s"] * million, said["broker"] * million, said["memory"], verdict)


def _median(outcomes: list[Outcome]) -> Outcome:
    fields = ("rate", "cpu", "broker", "memory")
    middle = (statistics.median(getattr(o, name) for o in outcomes) for name in fields)
    wrong = [o.verdict for o in outcomes if not o.verdict.startswith(("equal", "-"))]
    return Outcome(*middle, wrong[0] if wrong else outcomes[0].verdict)


def _row(name: str, o: Outcome, bare: Outcome) -> str:
    if not o.rate:
        return f"| {name} | | | | | {o.memory:.0f} | {o.verdict} |"
    share = f"{o.rate / bare.rate:.2f}" if bare.rate else ""
    return (
        f"| {name} | {o.rate:,.0f} | {share} | {o.cpu:.1f} | {o.broker:.1f} | {o.memory:.0f} "
        f"| {o.verdict} |"
    )


async def compare(names: list[str], records: int, agents: int, repeat: int) -> bool:
    """Print the table row by row; return whether everybody's results were right."""
    sizes = {slow: (records // 10, agents // 10) if slow else (records, agents) for slow in (0, 1)}
    slow = {CONTENDERS[name].slow for name in names}
    expected = {kind: right(*sizes[kind]) for kind in slow}
    print(f"{records:,} heartbeats of {agents:,} agents; medians of {repeat}\n")
    print("| | records/s | of bare | CPU s per million | broker's | memory MiB | results |")
    print("|---|---:|---:|---:|---:|---:|---|")
    bare, good = Outcome(0.0, 0.0, 0.0, 0.0, ""), True
    with tempfile.TemporaryDirectory(prefix="homeostat-peers-") as folder:
        for name in names:
            contender = CONTENDERS[name]
            try:
                argv = contender.argv(Path(folder))
            except Absent as reason:
                print(f"| {name} | left out: {reason} | | | | | |", flush=True)
                continue
            size, wanted = sizes[contender.slow], expected[contender.slow]
            rounds = [await _measure(contender, argv, *size, wanted) for _ in range(repeat)]
            outcome = _median(rounds)
            bare = bare if bare.rate else outcome
            good &= outcome.verdict.startswith(("equal", "-")) and "doubled" not in outcome.verdict
            print(_row(name, outcome, bare), flush=True)
    return good


def main() -> int:
    """Read the options, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--agents", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=1, help="medians of so many runs")
    parser.add_argument("--peers", nargs="*", default=[], help="names in the table, or all")
    options = parser.parse_args()
    peers = [name for name in CONTENDERS if name not in OWN]
    chosen = peers if "all" in options.peers else options.peers
    if unknown := set(chosen) - set(peers):
        parser.error(f"no peer is called {sorted(unknown)}; there are {peers}")
    names = [*OWN, *chosen]
    good = asyncio.run(compare(names, options.records, options.agents, options.repeat))
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
