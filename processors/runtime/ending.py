"""Leaving at once: whatever is unclear is cleared up by a restart from the last snapshot."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from typing import Any, Final, NoReturn

log = logging.getLogger(__name__)

EXIT_UNHANDLED: Final = 70

Ending = Callable[[str], NoReturn]
"""Ends the process, with the reason."""


def end_process(reason: str) -> NoReturn:
    """Exit without any clean-up: a clean-up could write what is no longer ours to write."""
    log.critical("the worker ends: %s", reason)
    logging.shutdown()
    os._exit(EXIT_UNHANDLED)


class Tasks:
    """Background tasks, none of which may fail unseen.

    Parameters
    ----------
    end : callable
        Is told of the first failure.
    """

    def __init__(self, end: Ending) -> None:
        self._end = end
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run `work` in the background."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    async def cancel(self) -> None:
        """End all of them and wait for their ends."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed", task.get_name(), exc_info=error)
            self._end(f"{task.get_name()}: {error!r}")
