"""Runs an effect in a thread that can be told to end, so that no undo overtakes it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from processors.executors.executor import Result


class Stopped(RuntimeError):
    """The effect was told to end between two of its steps."""


class Worker:
    """Runs one effect off the event loop.

    A thread cannot be cancelled: where a time limit ends the wait for it, it would go on beside
    the undo. So the effect asks `go_on` between its steps, and `stop` returns once it has ended.
    """

    def __init__(self) -> None:
        self._told = threading.Event()
        self._work: asyncio.Future[Result] | None = None

    async def do(self, effect: Callable[[], Result]) -> Result:
        """Run `effect` in a thread; a cancelled wait leaves it to `stop`."""
        self._work = asyncio.ensure_future(asyncio.to_thread(effect))
        return await asyncio.shield(self._work)

    def go_on(self) -> None:
        """Let the effect take its next step; raises `Stopped` where it was told to end."""
        if self._told.is_set():
            raise Stopped("told to stop; what was not yet done is as it was")

    async def stop(self) -> None:
        """Tell the effect to end, and return when it has; how it ended is the caller's to see."""
        self._told.set()
        if self._work is not None:
            await asyncio.wait({self._work})
            if not self._work.cancelled():
                self._work.exception()  # looked at: after a time limit nobody else does
