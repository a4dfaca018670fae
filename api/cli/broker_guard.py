"""Keeps the embedded broker alive for as long as the installation runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from api.cli.supervisor import describe, pause_after
from streams.kafka.embedded_broker import BrokerError, EmbeddedBroker


async def keep_broker(
    broker: EmbeddedBroker, report: Callable[[str], None], stop: asyncio.Event
) -> None:
    """Start `broker` again whenever it dies, until told to stop.

    Where it cannot be started (no room on the disk, its port taken meanwhile) it is tried again,
    with growing pauses: everybody else waits for it, and services need not end for it.
    """
    while not stop.is_set():
        status = await broker.wait()
        if stop.is_set():
            return
        report(f"the broker died ({describe(status)}); starting it again")
        await _start(broker, report, stop)


async def _start(
    broker: EmbeddedBroker, report: Callable[[str], None], stop: asyncio.Event
) -> None:
    failures = 1
    while not stop.is_set():
        try:
            await broker.start()
        except (BrokerError, OSError) as error:
            failures += 1
            pause = pause_after(failures)
            why = str(error).partition("\n")[0]
            report(f"the broker cannot be started: {why}; again in {pause:.1f} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
        else:
            report("the broker serves again")
            return
