"""What a fleet costs the projector alone: ``python -m tests.benchmarks.projector_alone``.

Every agent sends ten metrics each 30 s. Surveillance folds that beforehand, in the fleet's own
time; then the views are given the heartbeats and all that followed from them, in transactions as
large as under backlog. No broker runs and nothing is waited for, so processor seconds are all there
is: of the first heartbeat of each agent, and of a minute of the fleet later on, windows included.
What the projector cannot do in a minute of one core, it cannot follow.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import psutil

from processors.runtime.heap import prepare as prepare_heap
from processors.step import Context, Sealer
from processors.surveillance.step import Surveillance
from projections.database import open_database
from projections.migrations import prepare
from projections.projector import FACTS
from projections.views import Views
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Outgoing, Record
from streams.contracts.topics import TELEMETRY
from streams.contracts.trust import Signer
from tests.benchmarks.heartbeats import PARTITIONS, heartbeats
from tests.benchmarks.projector import used
from tests.benchmarks.sizing import INTERVAL_S, postgresql

SIGNER = Signer(b"a secret for benchmarks")
BEGUN = 1_790_000_000.0
ROUNDS = 9
"""Heartbeats of each agent. The last two are measured, which close one window an agent; before
them lie the first, and the first that was said of performance."""
SILENT = 500
"""One agent of so many says nothing in a minute."""
FETCH = 4_000
BATCH = 8_000
NAMES = frozenset(topic.name for topic in FACTS)


class Log:
    """Gives records their offsets, and what surveillance makes of them."""

    def __init__(self) -> None:
        self._step = Surveillance()
        self._ends: Counter[tuple[str, int]] = Counter()
        contexts = [Context(TELEMETRY.name, n, PARTITIONS, SIGNER) for n in range(PARTITIONS)]
        self._lanes = [(self._step.initial(c), Sealer("surveillance", c)) for c in contexts]

    def of(self, sent: Iterable[tuple[bytes, bytes]], at: float) -> Iterator[Record]:
        """Give heartbeats that came at `at`, and the facts that followed."""
        inbox: list[list[Record]] = [[] for _ in self._lanes]
        for key, value in sent:
            home = partition_for(key, PARTITIONS)
            inbox[home].append(self._placed(Outgoing(TELEMETRY.name, key, value), home, at))
        for records, (state, sealer) in zip(inbox, self._lanes, strict=True):
            yield from records
            for fact in sealer.seal(self._step.apply(state, records)):
                if fact.topic in NAMES:
                    home = partition_for(fact.key or b"", PARTITIONS)
                    yield self._placed(fact, home if fact.partition is None else 0, at)

    def _placed(self, one: Outgoing, home: int, at: float) -> Record:
        offset = self._ends[one.topic, home]
        self._ends[one.topic, home] += 1
        return Record(one.topic, home, offset, at, one.key, one.value, one.headers)


def rounds(agents: int) -> Iterator[list[Record]]:
    """Give the log of each round of heartbeats."""
    log, sent = Log(), heartbeats(agents * ROUNDS, agents)
    for number in range(ROUNDS):
        found: list[Record] = []
        for first in range(0, agents, FETCH):
            at = BEGUN + INTERVAL_S * (number + first / agents)
            some = enumerate(islice(sent, min(FETCH, agents - first)), first)
            found += log.of((one for n, one in some if n % SILENT != number // 2), at)
        yield found


def written(views: Views, records: list[Record], server: psutil.Process | None) -> list[float]:
    """Write `records`; return the processor seconds of the projector and of the database."""
    own, theirs = time.process_time(), used(server)
    for first in range(0, len(records), BATCH):
        views.write(records[first : first + BATCH])
    return [time.process_time() - own, used(server) - theirs]


def row(agents: int, url: str, server: psutil.Process | None) -> str:
    """Return what such a fleet costs."""
    engine = open_database(url)
    prepare(engine)
    views = Views(engine, SIGNER, PARTITIONS, "benchmark")
    costs = [written(views, records, server) for records in rounds(agents)]
    engine.dispose()
    new = [1e6 * seconds / agents for seconds in costs[0]]
    minute = [sum(pair) for pair in zip(*costs[-2:], strict=True)]
    return (
        f"{new[0]:,.0f} | {new[1]:,.0f} | {minute[0]:.1f} | {minute[1]:.1f} "
        f"| {agents * 60 / minute[0]:,.0f} | {agents * 2 / minute[0]:,.0f} |"
    )


def main() -> None:
    """Print a row for each size and database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--databases", nargs="+", default=["SQLite", "PostgreSQL"])
    options = parser.parse_args()
    prepare_heap()
    print(
        "| agents | database | a new agent, CPU us | database's | a minute, CPU s | database's ",
        end="",
    )
    print("| agents a core can follow | heartbeats/s |\n|---:|---|---:|---:|---:|---:|---:|---:|")
    for agents in options.agents:
        for kind in options.databases:
            with tempfile.TemporaryDirectory(prefix="homeostat-projector-") as folder:
                at = Path(folder)
                known = postgresql(at / "pg") if kind == "PostgreSQL" else None
                nothing = contextlib.nullcontext((f"sqlite:///{at / 'views.db'}", None))
                with known or nothing as (url, server):
                    print(f"| {agents:,} | {kind} | {row(agents, url, server)}", flush=True)


if __name__ == "__main__":
    main()
