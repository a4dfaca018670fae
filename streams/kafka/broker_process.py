"""The broker as a child: started so that it cannot outlive us, awaited, ended for certain."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import psutil

from streams.kafka.broker_home import SPOKEN, Recorded
from streams.kafka.errors import BrokerError

_LAUNCH: Final = Path(__file__).with_name("launch.py")
_SAME_S: Final = 2.0
"""How far two readings of one creation time may lie apart where the clock was set meanwhile."""
_END_S: Final = 15.0


def launch(argv: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start `argv` in a session of its own, where `log` lies; the kernel kills it when we die."""
    command = [sys.executable, "-I", "-S", str(_LAUNCH), str(os.getpid()), *argv]
    # glibc gives each of the many threads an arena otherwise: resident memory for nothing.
    environment = os.environ | SPOKEN | {"MALLOC_ARENA_MAX": "2"}
    with log.open("ab") as file:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
            start_new_session=True, env=environment, cwd=log.parent,
        )  # fmt: skip


async def ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of a child without a thread; return its status as `Popen` gives it."""
    if process.poll() is None:
        descriptor = os.pidfd_open(process.pid)
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        loop.add_reader(descriptor, gone.set)
        try:
            await gone.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
    return process.wait()


async def end(process: subprocess.Popen[bytes], patience_s: float) -> int:
    """Send SIGTERM, and SIGKILL where that was not heeded within `patience_s` seconds."""
    if process.poll() is not None:
        return process.returncode
    process.terminate()
    try:
        return await asyncio.wait_for(ended(process), patience_s)
    except TimeoutError:
        if process.poll() is None:  # not reaped, so the pid is still its own
            os.killpg(process.pid, signal.SIGKILL)
        return await ended(process)


def record_of(process: subprocess.Popen[bytes], controller_port: int) -> Recorded:
    """Return what recognises `process` and us later."""
    return Recorded(
        pid=process.pid,
        created=psutil.Process(process.pid).create_time(),
        supervisor_pid=os.getpid(),
        supervisor_created=psutil.Process().create_time(),
        controller_port=controller_port,
    )


def end_leftover(recorded: Recorded) -> bool:
    """End the broker of a supervisor that crashed; say whether there was one.

    Raises
    ------
    BrokerError
        If the supervisor lives: the broker is in use.
    """
    broker = _alive(recorded.pid, recorded.created)
    if broker is None:
        return False
    if _alive(recorded.supervisor_pid, recorded.supervisor_created) is not None:
        detail = f"the broker runs already, started by process {recorded.supervisor_pid}; end that"
        raise BrokerError(detail)
    try:
        broker.terminate()
        broker.wait(_END_S)
    except psutil.TimeoutExpired:
        broker.kill()
        broker.wait(_END_S)
    except psutil.NoSuchProcess:
        return False
    return True


def _alive(pid: int, created: float) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) < _SAME_S
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None
