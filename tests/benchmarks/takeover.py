"""How long partitions stand still when a worker dies: ``python -m tests.benchmarks.takeover``.

Of two workers one is killed with SIGKILL and not started again until the other has folded what
lay in every partition at that moment.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import tempfile
from pathlib import Path

import numpy as np

from tests.end_to_end.takeover_rig import pair_under_load

SETTLE_S = 4.0


async def measure(kills: int, folder: Path) -> list[float]:
    """Return the seconds of each takeover."""
    found = []
    async with pair_under_load(folder) as pair:
        for number in range(kills):
            await asyncio.sleep(SETTLE_S)  # both members, and the load in its stride
            found.append(await pair.kill(number % 2))
            print(f"kill {number + 1}: {found[-1]:.2f} s", flush=True)
            await pair.start(number % 2)
            await pair.all_moved()
    return found


def main() -> None:
    """Read the options, measure, and print the quantiles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=12)
    options = parser.parse_args()
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="homeostat-takeover-") as folder:
        found = asyncio.run(measure(options.kills, Path(folder)))
    p50, p95 = np.percentile(found, (50, 95))
    print(f"{len(found)} kills: p50 {p50:.2f} s, p95 {p95:.2f} s, most {max(found):.2f} s")


if __name__ == "__main__":
    main()
