"""A whole installation under kills: ``python -m tests.benchmarks.soak`` from the root.

100,000 acknowledged heartbeats while workers, broker and projector are killed with SIGKILL; then
every view is compared with the log, the log is folded again with several fetch sizes and without
vector extensions, and the views are rebuilt. The exit status is 0 where all of it is equal.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path

from tests.end_to_end.soak_rig import Numbered, Stressed, disturb, faults, judge, vector_extensions

FETCHES = ("1", "7", "0", "2000")


def say(line: str) -> None:
    """Print at once: this takes minutes."""
    print(line, flush=True)


def folded_again(homeostat: Stressed) -> bool:
    """Verify the log with every fetch size, and once more with plain scalar code."""
    equal = True
    for fetch in FETCHES:
        equal &= verified(homeostat, fetch, {})
    plain = {"NPY_DISABLE_CPU_FEATURES": vector_extensions()}
    return equal & verified(homeostat, "2000", plain)


def verified(homeostat: Stressed, fetch: str, environment: dict[str, str]) -> bool:
    """Run ``homeostat replay --verify``, and say how it ended."""
    began = time.monotonic()
    done = homeostat.command("replay", "--verify", "--fetch", fetch, **environment)
    last = (done.stdout.strip() or done.stderr).splitlines()[-1]
    how = f"fetches of {fetch}" + (
        f", without {' '.join(environment.values())}" * bool(environment)
    )
    say(
        f"replay --verify, {how}: {last} (exit {done.returncode}, {time.monotonic() - began:.0f} s)"
    )
    return done.returncode == 0


async def run(options: argparse.Namespace, homeostat: Stressed) -> bool:
    """Load, break, judge; return whether everything was equal."""
    await asyncio.to_thread(homeostat.shorten)
    load = Numbered(homeostat.connection, options.rate, options.agents, options.seed)
    planned = faults(options.seed, worker=10, broker=3, projector=3)
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(load.run())
        every = -(-options.records // (len(planned) + 1))
        await disturb(homeostat, load, planned, every, say)
    say(f"{len(load.acknowledged):,} acknowledged in {time.monotonic() - began:.0f} s")
    found = await judge(homeostat, load)
    for name, count in found.items():
        say(f"{name:<20} {count:>9,}")
    right = not any(n for name, n in found.items() if name.startswith(("missing", "wrong")))
    right &= await asyncio.to_thread(folded_again, homeostat)
    rebuilt = await asyncio.to_thread(homeostat.command, "projections", "rebuild")
    say(rebuilt.stdout.strip().splitlines()[-1] if rebuilt.stdout else rebuilt.stderr)
    return right and "the live views were equal" in rebuilt.stdout


def main() -> int:
    """Read the options and run in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=1500, help="records per second")
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.disable(logging.ERROR)  # clients complain of every broker that is killed
    with tempfile.TemporaryDirectory(prefix="homeostat-soak-") as folder:
        homeostat = Stressed(Path(folder) / "home")
        try:
            homeostat.start()
            return 0 if asyncio.run(run(options, homeostat)) else 1
        finally:
            homeostat.stop()


if __name__ == "__main__":
    sys.exit(main())
