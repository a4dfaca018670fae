"""A large log leaves an installation as files and becomes another one: how fast, and whether equal.

    python -m tests.benchmarks.export_import [--records 1000000]

Heartbeats of a synthetic fleet with faults go through a real installation, which then goes down.
Its log is exported, and imported into an empty home. Both logs are folded into views of their own,
which must hold the same in every row; and every decision of the imported one is compared with the
record by ``replay --verify``. What differs is printed, and the exit status is 1.

Seconds are of whole commands, and hold the start and the end of a broker. The second rate is the
one that the command told of its longest part.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from projections.database import open_database
from projections.replay.compare import differences
from streams.kafka.log_files import read_manifest
from tests.end_to_end.harness import Installation

AGENTS = 1000
INTERVAL_S = 10.0
VIEWS = "views.db"
ROUNDS = 3
"""How often in a row the parts must not be behind: what one writes, another one reads."""


class Row(NamedTuple):
    """A command, and how long it took; `told` is the rate that it told itself."""

    what: str
    records: int
    seconds: float
    told: str = ""


class Bench:
    """Runs commands, and keeps how long each took."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def command(
        self, what: str, records: int, of: Installation, *argv: str, **environment: str
    ) -> None:
        """Run a command that must succeed."""
        begun = time.perf_counter()
        done = of.command(*argv, **environment)
        if done.returncode:
            raise SystemExit(f"{what}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        self.rows.append(Row(what, records, time.perf_counter() - begun, _longest(done.stdout)))

    def table(self) -> str:
        """Return what was measured."""
        lines = [f"{'':<28}{'records':>12}{'seconds':>10}{'records/s':>12}{'told':>12}"]
        for what, records, seconds, told in self.rows:
            rate = records / seconds
            lines.append(f"{what:<28}{records:>12,}{seconds:>10.1f}{rate:>12,.0f}{told:>12}")
        return "\n".join(lines)


def _longest(told: str) -> str:
    """Return the rate of that part with the most records which a command reported to its end."""
    parts = re.findall(r"([\d,]+) of [\d,]+ records \(100 %\), ([\d,]+)/s", told)
    counts = {int(count.replace(",", "")): rate for count, rate in parts}
    return counts[max(counts)] if counts else ""


def filled(bench: Bench, folder: Path, records: int) -> Installation:
    """Return an installation that has taken `records` heartbeats in, and went down."""
    origin = Installation(folder)
    try:
        origin.start()
        duration = records * INTERVAL_S / AGENTS
        rate, seconds = AGENTS / INTERVAL_S, f"{duration:g}"
        fleet = ("--agents", str(AGENTS), "--rate", f"{rate:g}", "--duration", seconds)
        began = time.perf_counter()
        bench.command("simulate", records, origin, "simulate", *fleet, "--speed", "0")
        settle(origin)
        bench.rows.append(Row("taken in and shown", records, time.perf_counter() - began))
    finally:
        origin.stop()
    return origin


def settle(origin: Installation) -> None:
    """Wait until no part is behind the log."""
    calm = 0

    def at_rest() -> bool:
        nonlocal calm
        parts = origin.get("/system/health")["components"].values()
        behind = sum(part["figures"].get("lag_records", 0.0) for part in parts)
        calm = calm + 1 if behind < AGENTS else 0
        time.sleep(1.0)  # the lag is told by heartbeats of the parts, every few seconds
        return calm >= ROUNDS

    origin.wait_for(at_rest, "rest", patience_s=3600)


def views_of(bench: Bench, what: str, records: int, installation: Installation) -> Path:
    """Fold the whole log of an installation into a database of its own."""
    path = installation.home / VIEWS
    url = {"HOMEOSTAT_DATABASE_URL": f"sqlite:///{path}"}
    bench.command(what, records, installation, "projections", "rebuild", **url)
    return path


def main() -> int:
    """Run it all; 0 where nothing differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    wanted = parser.parse_args().records
    with tempfile.TemporaryDirectory(prefix="homeostat-export-") as name:
        return run(Path(name), wanted)


def run(folder: Path, wanted: int) -> int:
    """Compare an installation with the one that is made of its files."""
    bench, files = Bench(), folder / "files"
    origin = filled(bench, folder / "origin", wanted)
    ours = views_of(bench, "views of the log", 0, origin)  # the export goes on record itself
    bench.command("export", 0, origin, "log", "export", str(files))
    records = sum(part.records for part in read_manifest(files).parts)
    bench.rows[-2:] = [row._replace(records=records) for row in bench.rows[-2:]]
    size = sum(each.stat().st_size for each in files.iterdir()) / 1e6
    heir = Installation(folder / "heir")
    shutil.copy(origin.home / "secret", heir.home / "secret")
    bench.command("import", records, heir, "log", "import", str(files))
    bench.command("replay --verify", records, heir, "replay", "--verify")
    theirs = views_of(bench, "views of the imported log", records, heir)
    found = compared(ours, theirs)
    sys.stdout.write(f"{bench.table()}\n{records:,} records are {size:.1f} MB as files\n")
    sys.stdout.write(f"rows that differ: {json.dumps(found) if found else 'none'}\n")
    return 1 if found else 0


def compared(ours: Path, theirs: Path) -> dict[str, int]:
    """Return how many rows differ, by table."""
    engines = [open_database(f"sqlite:///{path}") for path in (ours, theirs)]
    try:
        with engines[0].connect() as one, engines[1].connect() as other:
            return differences(one, other)
    finally:
        for engine in engines:
            engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
