"""The same log with 1, 2 and 4 workers, killed at random: see `tests.end_to_end.determinism_rig`.

``python -m tests.benchmarks.determinism`` from the root.

Each number of workers folds the log on a broker of its own while SIGKILLs strike; what it wrote is
compared, id for id and byte for byte, with one fold in this process, and ``replay --verify`` folds
the log once more in fetches of several sizes. The exit status is 0 where everything is equal.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from processors.surveillance.step import Surveillance
from projections.replay.verify import verify
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from tests.end_to_end import determinism_rig as rig
from tests.end_to_end.counting import SIGNER
from tests.ports import free_port


def digest(facts: rig.Facts) -> str:
    """Return a few letters that stand for all of `facts`."""
    found = hashlib.sha256()
    for name in sorted(facts):
        topic, key, value = facts[name]
        found.update(b"\0".join((name.encode(), topic.encode(), key or b"", value)))
    return found.hexdigest()[:16]


async def once(
    log: Sequence[list[rig.Stamped]], expected: rig.Facts, workers: int, kills: int, seed: int
) -> bool:
    """Fold with so many workers; print a row, and return whether all was equal."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="homeostat-determinism-") as folder:
        broker = EmbeddedBroker(Path(folder) / "kafka", free_port())
        await broker.start()
        try:
            await rig.prepared(broker.bootstrap)
            await rig.run(broker.bootstrap, log, workers, kills, seed, Path(folder))
            found, unlike = await rig.said(broker.bootstrap)
            verdict = await verify(
                Connection(broker.bootstrap), SIGNER, [Surveillance()], fetch_sizes=(1, 7, 0)
            )
        finally:
            await broker.stop()
    equal = found == expected and not unlike and verdict.equal
    print(
        f"{workers} workers, {kills} kills: {len(found):,} facts, digest {digest(found)}, "
        f"{'equal' if equal else 'NOT EQUAL'}, {unlike} said otherwise; verify: "
        f"{'equal' if verdict.equal else verdict.summary()} ({time.monotonic() - began:.0f} s)",
        flush=True,
    )
    return equal


async def main() -> int:
    """Read the options, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=1000, help="heartbeats of each agent")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    options = parser.parse_args()
    logging.disable(logging.ERROR)  # clients complain of every worker that is killed
    log = list(rig.history(options.agents, options.rounds, options.seed))
    expected = rig.folded(log)
    print(f"{sum(map(len, log)):,} records; one fold: {len(expected):,} facts, {digest(expected)}")
    for kind, count in sorted(rig.kinds(expected).items()):
        print(f"  {kind:<32} {count:>9,}")
    equal = [
        await once(log, expected, workers, options.kills, options.seed + workers)
        for workers in options.workers
    ]
    return 0 if all(equal) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
