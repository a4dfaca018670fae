"""Workers from 1 to 2 to 4 and back to 1 under load: rate, processor time, and nothing lost.

Run ``python -m tests.benchmarks.scaling``. Each number of workers takes a steady load for a while;
the table says what each role used meanwhile, which holds on a busy machine too. At the end every
acknowledged heartbeat must be counted once in the views, and a replay must verify.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.end_to_end.scaling_rig import Scaled
from tests.end_to_end.soak_rig import Numbered, judge

ROLES = ("broker", "worker", "projector", "api")


async def stage(homeostat: Scaled, load: Numbered, count: int, seconds: float) -> None:
    """Have `count` workers for `seconds`; print what that cost."""
    began = time.monotonic()
    await asyncio.to_thread(homeostat.scale, count)
    joined = time.monotonic() - began
    before, sent, began = homeostat.cpu_s(), len(load.acknowledged), time.monotonic()
    await asyncio.sleep(seconds)
    elapsed, more = time.monotonic() - began, len(load.acknowledged) - sent
    used: Counter[str] = homeostat.cpu_s() - before
    shares = "".join(f" {used[role] / elapsed * 100:>10.0f}" for role in ROLES)
    per_million = used["worker"] / max(1, more) * 1e6
    print(f"{count:>7} {more / elapsed:>9.0f} {joined:>9.1f}{shares} {per_million:>14.1f}")


async def run(options: argparse.Namespace, homeostat: Scaled) -> bool:
    """Load, scale, judge; return whether everything was right."""
    await asyncio.to_thread(homeostat.shorten)
    load = Numbered(homeostat.connection, options.rate, options.agents, options.seed)
    shares = "".join(f" {role + ' %':>10}" for role in ROLES)
    print(f"{'workers':>7} {'records/s':>9} {'joined s':>9}{shares} {'worker s/mill.':>14}")
    async with asyncio.TaskGroup() as group:
        group.create_task(load.run())
        for count in (1, 2, 4, 1):
            await stage(homeostat, load, count, options.seconds)
        load.stop()
    found = await judge(homeostat, load)
    for name, total in found.items():
        print(f"{name:<20} {total:>9,}")
    right = not any(n for name, n in found.items() if name.startswith(("missing", "wrong")))
    again = await asyncio.to_thread(homeostat.command, "replay", "--verify")
    print((again.stdout.strip() or again.stderr).splitlines()[-1])
    return right and again.returncode == 0


def main() -> int:
    """Read the options and run in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=2000, help="records per second")
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30, help="with each number of workers")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="homeostat-scaling-") as folder:
        homeostat = Scaled(Path(folder) / "home")
        try:
            homeostat.start()
            return 0 if asyncio.run(run(options, homeostat)) else 1
        finally:
            homeostat.stop()


if __name__ == "__main__":
    sys.exit(main())
