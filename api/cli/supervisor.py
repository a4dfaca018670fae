"""Keeps the processes of an installation alive.

A child that ends is started again: at once the first time, then with a growing, capped pause, so
that a broken one cannot take the machine with it. A minute of life makes its record clean. One
that gives no sign of life for a minute is killed, and so started again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from api.cli.signs import LIFE, Signs

log = logging.getLogger("homeostat.supervisor")

PARENT: Final = "HOMEOSTAT_SUPERVISOR"
"""Names the supervisor's pid for its children: they do not outlive it."""
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 30.0
CLEAN_AFTER_S: Final = 60.0
FROZEN_AFTER_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Child:
    """One process to keep alive.

    Parameters
    ----------
    name : str
        For people: worker-0, projector, api, node.
    role : str
        What `api.cli.roles` runs.
    environment : dict
        On top of the supervisor's own.
    patience_s : float
        How long it may take to leave after SIGTERM before it is killed.
    frozen_after_s : float
        How long it may give no sign of life.
    """

    name: str
    role: str
    environment: dict[str, str] = field(default_factory=dict)
    patience_s: float = 15.0
    frozen_after_s: float = FROZEN_AFTER_S

    @property
    def argv(self) -> list[str]:
        """The command that runs it."""
        return [sys.executable, "-m", "api.cli.roles", self.role]


def pause_after(failures: int) -> float:
    """Return the pause in seconds before start number `failures` + 1.

    Examples
    --------
    >>> [pause_after(n) for n in (0, 1, 2, 3, 20)]
    [0.0, 0.0, 0.2, 0.4, 30.0]
    """
    if failures <= 1:
        return 0.0
    pause: float = FIRST_PAUSE_S * 2 ** min(failures - 2, 16)
    return min(LONGEST_PAUSE_S, pause)


async def keep_alive(child: Child, stop: asyncio.Event) -> None:
    """Run `child` until `stop` is set, starting it again whenever it ends."""
    failures = 0
    while not stop.is_set():
        started, signs = time.monotonic(), Signs()
        own = {PARENT: str(os.getpid()), LIFE: str(signs.given)}
        process = await asyncio.create_subprocess_exec(
            *child.argv,
            env=os.environ | own | child.environment,
            pass_fds=(signs.given,),
            start_new_session=True,
        )
        signs.handed()
        status = await _ended_or_told(process, signs, child, stop)
        if stop.is_set():
            return
        failures = 1 if time.monotonic() - started > CLEAN_AFTER_S else failures + 1
        pause = pause_after(failures)
        log.warning("%s ended (%s); starting it again in %.1f s", child.name, status, pause)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


async def _ended_or_told(
    process: asyncio.subprocess.Process, signs: Signs, child: Child, stop: asyncio.Event
) -> str:
    told = asyncio.create_task(stop.wait())
    ended = asyncio.create_task(process.wait())
    silent = asyncio.create_task(signs.silence(child.frozen_after_s))
    try:
        await asyncio.wait((told, ended, silent), return_when=asyncio.FIRST_COMPLETED)
        if silent.done() and not ended.done():
            log.warning("%s gives no sign of life; killing it", child.name)
            process.kill()
            await ended
        elif not ended.done():
            await _end(process, ended, child)
        return describe(ended.result())
    finally:
        told.cancel()
        silent.cancel()


async def _end(process: asyncio.subprocess.Process, ended: asyncio.Task[int], child: Child) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(asyncio.shield(ended), child.patience_s)
    except TimeoutError:
        log.warning("%s did not leave within %.0f s; killing it", child.name, child.patience_s)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await ended


def describe(status: int) -> str:
    """Return an exit status in words.

    Examples
    --------
    >>> describe(-9), describe(3)
    ('killed by SIGKILL', 'exit status 3')
    """
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


async def keep_all_alive(waves: Sequence[Sequence[Child]], stop: asyncio.Event) -> None:
    """Keep every child alive until `stop`; then end them wave by wave, in order.

    Parameters
    ----------
    waves : sequence of sequences
        The first wave is the first to be told to leave: what acts, before what it relies on.
    """
    stops = [asyncio.Event() for _ in waves]
    tasks = [
        [asyncio.create_task(keep_alive(child, told)) for child in wave]
        for wave, told in zip(waves, stops, strict=True)
    ]
    await stop.wait()
    for told, wave in zip(stops, tasks, strict=True):
        told.set()
        await asyncio.gather(*wave)
