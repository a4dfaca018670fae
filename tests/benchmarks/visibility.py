"""How long from producing a heartbeat until the API shows it, under load.

Run it with ``python -m tests.benchmarks.visibility`` from the root. It starts an installation of
its own, and asks for one marked agent again and again while a synthetic fleet fills the log.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np

from streams.contracts.record import Outgoing
from streams.contracts.telemetry import Heartbeat, encode_heartbeat
from streams.contracts.topics import TELEMETRY
from streams.kafka.publisher import Publisher
from streams.simulator.run import Run
from tests.end_to_end.harness import Installation

WARM_UP = 5


async def load(publisher: Publisher, rate: float) -> None:
    """Send heartbeats of 1,000 agents at `rate` a second, a tenth of a second at a time."""
    run = Run(1000, 1, "calm", time.time(), 1000 / rate, 86_400.0)
    slices = max(1, round(10_000 / rate))
    due = time.monotonic()
    for _, records in run.batches():
        for n in range(slices):
            await publisher.publish(records[n::slices])
            due += 1000 / rate / slices
            await asyncio.sleep(due - time.monotonic())


async def visible_after(
    publisher: Publisher, api: httpx.AsyncClient, number: int, patience_s: float
) -> float:
    """Return the seconds from before the send until the API shows value `number`."""
    beat = Heartbeat("probe", {"number": float(number)}, at=time.time())
    began = time.perf_counter()
    await publisher.publish([Outgoing(TELEMETRY.name, beat.key.encode(), encode_heartbeat(beat))])
    while time.perf_counter() - began < patience_s:
        answer = await api.get("/agents/probe")
        if answer.status_code == 200 and answer.json()["metrics"].get("number") == number:
            return time.perf_counter() - began
        await asyncio.sleep(0.01)
    raise TimeoutError(f"value {number} did not show within {patience_s:g} s")


async def measure(homeostat: Installation, rate: float, samples: int) -> list[float]:
    """Return `samples` delays in seconds, with `rate` records a second beside them."""
    token = (homeostat.home / "token").read_text(encoding="ascii").strip()
    address = f"http://127.0.0.1:{homeostat.api_port}/api/v1"
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        Publisher(homeostat.connection) as background,
        Publisher(homeostat.connection) as publisher,
        httpx.AsyncClient(base_url=address, headers=headers) as api,
    ):
        running = asyncio.create_task(load(background, rate))
        try:
            delays = []
            for number in range(WARM_UP + samples):
                delays.append(await visible_after(publisher, api, number, 30.0))
                if running.done():
                    running.result()
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
        return delays[WARM_UP:]


def main() -> None:
    """Measure, and print percentiles in milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=1000.0)
    parser.add_argument("--samples", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        homeostat = Installation(Path(folder))
        try:
            homeostat.start()
            delays = asyncio.run(measure(homeostat, options.rate, options.samples))
        finally:
            homeostat.stop()
    p50, p90, p99 = np.percentile(np.array(delays) * 1000, [50, 90, 99])
    print(f"{options.rate:g} records/s, {len(delays)} samples")
    print(
        f"p50 {p50:.0f} ms   p90 {p90:.0f} ms   p99 {p99:.0f} ms   max {max(delays) * 1000:.0f} ms"
    )


if __name__ == "__main__":
    main()
