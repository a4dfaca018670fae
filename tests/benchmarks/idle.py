"""What an installation costs when nothing happens: processor and memory of each process.

Run it with ``python -m tests.benchmarks.idle`` from the root. It starts an installation of its
own with one host and three healthy services, all at their default intervals, lets it settle, and
compares processor times a minute apart.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.end_to_end.harness import Installation
from tests.ports import free_port


class Quiet(Installation):
    """An installation at its defaults, with three services."""

    def _configuration(self) -> dict[str, Any]:
        return {"services": [self._service(f"web-{n}", free_port()) for n in range(3)]}

    def _service(self, name: str, port: int) -> dict[str, Any]:
        return {
            "name": name,
            "command": [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
            "directory": str(self.home),
            "health": {"http": f"http://127.0.0.1:{port}/"},
        }


@dataclass(frozen=True, slots=True)
class Cost:
    """One process: its role, percent of a core, and resident memory in MiB."""

    role: str
    pid: int
    cpu: float
    rss: float


def role_of(process: psutil.Process) -> str:
    """Return the role that a command line names."""
    argv = process.cmdline()
    if "kafka.Kafka" in argv:
        return "broker (java)"
    if "api.cli.roles" in argv:
        return argv[-1]
    if "http.server" in argv:
        return "a service"
    return "up" if argv[-1:] == ["up"] else " ".join(argv)[:40]


def costs(homeostat: Installation, seconds: float) -> list[Cost]:
    """Return what each process used over `seconds`."""
    processes = homeostat.processes()
    began = time.monotonic()
    before = {each.pid: sum(each.cpu_times()[:2]) for each in processes}
    time.sleep(seconds)
    elapsed = time.monotonic() - began
    found = []
    for each in processes:
        used = sum(each.cpu_times()[:2]) - before[each.pid]
        rss = each.memory_info().rss / (1 << 20)
        found.append(Cost(role_of(each), each.pid, 100 * used / elapsed, rss))
    return sorted(found, key=lambda cost: cost.role)


def show(found: list[Cost]) -> None:
    """Print a table, with a sum of what is ours and in Python."""
    print(f"{'role':<20} {'pid':>8} {'cpu %':>7} {'rss MiB':>8}")
    for cost in found:
        print(f"{cost.role:<20} {cost.pid:>8} {cost.cpu:>7.2f} {cost.rss:>8.0f}")
    ours = [cost for cost in found if cost.role not in {"broker (java)", "a service"}]
    cpu, rss = sum(cost.cpu for cost in ours), sum(cost.rss for cost in ours)
    print(f"{'all Python of ours':<29} {cpu:>7.2f} {rss:>8.0f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--settle", type=float, default=30.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        homeostat = Quiet(Path(folder))
        try:
            homeostat.start()
            time.sleep(options.settle)
            show(costs(homeostat, options.seconds))
        finally:
            homeostat.stop()


if __name__ == "__main__":
    main()
