"""Measure the hot step in process: ``python -m tests.benchmarks.surveillance``.

One million heartbeats of 100,000 agents with ten metrics each, in fetches of 4,000 records as
the log reader hands them over; decoding included, the broker left out. ``--curve`` prints a row
for each size of fleet, each in a process of its own: whether cost grows with it, and memory.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import psutil

from processors.runtime.heap import prepare
from processors.step import Context
from processors.surveillance import admission, anomaly, judge, presence, thresholds, windows
from processors.surveillance.step import Surveillance
from streams.contracts.record import Record
from streams.contracts.telemetry import Heartbeat
from streams.contracts.trust import Signer

METRICS = (
    "cpu_usage", "memory_usage", "disk_usage", "response_time_avg", "error_rate",
    "throughput", "queue_depth", "connections", "gpu_usage", "temperature",
)  # fmt: skip
AGENTS_AT_MOST = 250_000
"""In one partition of the curve."""
ROUNDS = 5
"""Heartbeats of each agent in the curve."""
STAGES = (
    (admission, "admit"),
    (judge, "fold"),
    (presence, "heard"),
    (windows, "add"),
    (thresholds, "observe"),
    (anomaly, "see"),
    (anomaly, "tell"),
)


def fetches(records: int, agents: int, size: int, seed: int = 1) -> Iterator[list[Record]]:
    """Yield fetches in which every agent reports in turn, its values drifting around 40."""
    drawn = np.random.default_rng(seed)
    names = [f"agent-{n:06d}" for n in range(agents)]
    random.Random(seed).shuffle(names)
    for first in range(0, records, size):
        values = drawn.normal(40.0, 3.0, (size, len(METRICS))).round(3).tolist()
        fetch = []
        for i in range(min(size, records - first)):
            offset = first + i
            metrics = dict(zip(METRICS, values[i], strict=True))
            metrics["error_rate"] /= 1000.0
            value = msgspec.json.encode({"agent_id": names[offset % agents], "metrics": metrics})
            stamp = 1e9 + offset * 10.0 / agents
            fetch.append(Record("telemetry", 0, offset, stamp, None, value))
        yield fetch


def timed(spent: dict[str, float]) -> None:
    """Wrap every stage so that its time is added up in `spent`."""
    from processors.surveillance import step

    for home, name in STAGES:
        label = f"{home.__name__.rpartition('.')[2]}.{name}"
        original = getattr(home, name)

        def wrapped(*args, original=original, label=label):
            began = time.perf_counter()
            try:
                return original(*args)
            finally:
                spent[label] = spent.get(label, 0.0) + time.perf_counter() - began

        setattr(home, name, wrapped)
        if name == "admit":
            step.admit = wrapped


def states(agents: int) -> int:
    """Return how many partitions so many agents need, each below its hard cap."""
    return -(-agents // AGENTS_AT_MOST)


def row(agents: int) -> str:
    """Return what a fleet of so many agents costs: a row of the curve."""
    prepare()
    step, began = Surveillance(), psutil.Process().memory_info().rss
    context = Context("telemetry", 0, 1, Signer(b"a secret for benchmarks"))
    count, kept = states(agents), []
    costs = {"new": [0, 0.0], "known": [0, 0.0]}
    for number in range(count):
        share = agents // count
        state = step.initial(context)
        for fetch in fetches(ROUNDS * share, share, 4000, number):
            cost = costs["new" if fetch[0].offset < share else "known"]
            before = time.process_time()
            step.apply(state, fetch)
            cost[1] += time.process_time() - before
            cost[0] += len(fetch)
        kept.append(state)
    arrays = sum(s.agents.bytes_used() + s.series.bytes_used() for s in kept) / agents
    resident = (psutil.Process().memory_info().rss - began) / agents
    new, known = (1e6 * seconds / records for records, seconds in costs.values())
    return (
        f"| {agents:,} | {count} | {new:.0f} | {known:.1f} | {1e6 / known:,.0f} "
        f"| {arrays:,.0f} | {resident:,.0f} |"
    )


def curve(sizes: Sequence[int]) -> None:
    """Print the curve, each size in a process of its own."""
    print("| agents | partitions | new: CPU s per million | known: CPU s per million ", end="")
    print("| records per CPU second | bytes of arrays per agent | resident per agent |")
    print("|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    for agents in sizes:
        argv = [sys.executable, "-m", "tests.benchmarks.surveillance", "--row", str(agents)]
        subprocess.run(argv, check=True)


def once(asked: argparse.Namespace) -> None:
    """Fold as asked, and print what each stage took."""
    prepare()
    spent: dict[str, float] = {}
    if asked.stages:
        timed(spent)
    step = Surveillance()
    state = step.initial(Context("telemetry", 0, 1, Signer(b"a secret for benchmarks")))
    known = [0, 0.0]
    fresh = [0, 0.0]
    decode, decoding = msgspec.json.Decoder(Heartbeat).decode, 0.0
    for fetch in fetches(asked.records, asked.agents, asked.fetch):
        began = time.perf_counter()
        for record in fetch:
            decode(record.value)
        decoding += time.perf_counter() - began
        part = fresh if fetch[0].offset < asked.agents else known
        began = time.perf_counter()
        step.apply(state, fetch)
        part[1] += time.perf_counter() - began
        part[0] += len(fetch)
    for name, (count, seconds) in (("new agents", fresh), ("known agents", known)):
        if count:
            print(f"{name}: {count / seconds:,.0f} records/s, {1e6 * seconds / count:.2f} us each")
    print(f"of this decoding: {1e6 * decoding / asked.records:.2f} us")
    for label, seconds in spent.items():
        print(f"  {label}: {1e6 * seconds / asked.records:.2f} us a record")
    arrays = (state.agents.bytes_used() + state.series.bytes_used()) / asked.agents
    began = time.perf_counter()
    data = step.dump(state)
    print(f"arrays: {arrays:,.0f} bytes an agent; snapshot {len(data) / 1e6:,.1f} MB", end=" ")
    print(f"in {1e3 * (time.perf_counter() - began):.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--agents", type=int, default=100_000)
    parser.add_argument("--fetch", type=int, default=4000)
    parser.add_argument("--stages", action="store_true", help="time the stages (costs speed)")
    parser.add_argument("--curve", type=int, nargs="*", help="sizes; 10k, 100k and 1M by itself")
    parser.add_argument("--row", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.row:
        print(row(asked.row), flush=True)
    elif asked.curve is not None:
        curve(asked.curve or (10_000, 100_000, 1_000_000))
    else:
        once(asked)


if __name__ == "__main__":
    main()
