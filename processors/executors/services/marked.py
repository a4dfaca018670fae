"""Finds what a service left its group for, such as a daemon that began a session of its own.

Every start gives the service's environment a mark of its own, which whatever it starts inherits, in
whatever session, and whoever adopts it. A control group would hold what clears or overwrites its
environment as well; few accounts may make one.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from typing import Final

NAME: Final = "STARTED_BY_HOMEOSTAT"
_LONGEST: Final = 1 << 21
"""Bytes of an environment: more than Linux takes with a stack of 8 MB."""
_LOOK_S: Final = 0.02
_ROUNDS: Final = 20
"""Whoever is killed may have started another in between."""


def signal_marked(mark: str, number: int, without: int = 0) -> int:
    """Send a signal, or 0 for none, to every process that bears `mark`; return how many there are.

    Each process is held while it is looked at, so that its number cannot become another's.

    Parameters
    ----------
    mark : str
        An empty one is nobody's.
    without : int
        A process group that was told already.
    """
    return sum(_signalled(pid, mark, number, without) for pid in _pids()) if mark else 0


async def left(mark: str, patience_s: float, without: int) -> None:
    """Wait until nobody bears `mark` any more, for `patience_s` seconds at most."""
    until = asyncio.get_running_loop().time() + patience_s
    while signal_marked(mark, 0, without) and asyncio.get_running_loop().time() < until:
        await asyncio.sleep(_LOOK_S)


def kill_marked(mark: str) -> None:
    """Kill every process that bears `mark`, and what it starts meanwhile."""
    for _ in range(_ROUNDS):
        if not signal_marked(mark, signal.SIGKILL):
            return


def _pids() -> Iterator[int]:
    # A `Path` of each would take twice as long as all the rest, and a start waits for it.
    return (int(name) for name in os.listdir("/proc") if name.isdecimal())  # noqa: PTH208


def _signalled(pid: int, mark: str, number: int, without: int) -> bool:
    try:
        if not _bears(pid, mark):
            return False
        held = os.pidfd_open(pid)
    except OSError:
        return False  # it ended, or is another account's
    try:
        if not _bears(pid, mark) or os.getpgid(pid) == without:
            return False
        signal.pidfd_send_signal(held, number)
    except OSError:
        return False
    finally:
        os.close(held)
    return True


def _bears(pid: int, mark: str) -> bool:
    descriptor = os.open(f"/proc/{pid}/environ", os.O_RDONLY)
    try:
        return f"{NAME}={mark}".encode() in os.read(descriptor, _LONGEST)
    finally:
        os.close(descriptor)
