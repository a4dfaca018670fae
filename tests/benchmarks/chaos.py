"""The long form of the chaos test: ``python -m tests.benchmarks.chaos --minutes 10``."""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from tests.end_to_end.chaos_check import drained, expected, read_all, verdict
from tests.end_to_end.chaos_rig import Load, Workers, kill_broker, working
from tests.ports import free_port

_MUST_BE_ZERO = ("lost", "missing", "foreign", "out_of_order", "wrong_snapshots")


async def _break(
    workers: Workers, broker: EmbeddedBroker, options: argparse.Namespace, load: Load
) -> dict[str, int]:
    """Kill, freeze and end at random until the time is over."""
    chance = random.Random(options.seed)
    until = time.monotonic() + options.minutes * 60
    counts = {"kill": 0, "freeze": 0, "end": 0, "broker": 0}
    while time.monotonic() < until:
        await asyncio.sleep(chance.uniform(4, 10))
        kind = chance.choices(list(counts), (6, 1, 2, 1))[0]
        slot = chance.randrange(options.workers)
        counts[kind] += 1
        if kind == "broker":
            await kill_broker(broker)
        elif kind == "freeze":
            workers.signal(slot, signal.SIGSTOP)
            await asyncio.sleep(12)
            workers.signal(slot, signal.SIGCONT)
        else:
            workers.signal(slot, signal.SIGKILL if kind == "kill" else signal.SIGTERM)
    load.stop()
    return counts


async def run(options: argparse.Namespace, folder: Path) -> int:
    """Run the chaos; return 0 where nothing was lost, wrong or out of order."""
    broker = EmbeddedBroker(folder / "broker", free_port(), report=print)
    await broker.start()
    try:
        connection = Connection(broker.bootstrap)
        await ensure_topics(connection, options.partitions)
        load = Load(connection, options.rate, agents=200, seed=options.seed)
        async with working(
            broker.bootstrap, options.partitions, options.workers, folder
        ) as workers:
            flowing = asyncio.create_task(load.run())
            faults = await _break(workers, broker, options, load)
            await flowing
            inbox = await read_all(connection, "telemetry")
            await drained(connection, expected(inbox, options.partitions), 120)
        found = await verdict(connection, inbox, load.acknowledged, options.partitions)
        print({"faults": faults, "exits": len(workers.exits), **found})
        return int(any(found[name] for name in _MUST_BE_ZERO))
    finally:
        await broker.stop()


def main() -> int:
    """Read the options and run in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--partitions", type=int, default=12)
    parser.add_argument("--rate", type=float, default=3000, help="records per second")
    parser.add_argument("--seed", type=int, default=1)
    with tempfile.TemporaryDirectory(prefix="homeostat-chaos-") as folder:
        return asyncio.run(run(parser.parse_args(), Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
