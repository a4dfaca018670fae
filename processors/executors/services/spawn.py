"""Starts a service's process so that it outlives us, and ends its whole group."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import subprocess
from pathlib import Path
from typing import Final

import psutil

from config.settings import Service
from processors.executors.services.ledger import Running

_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def spawn(service: Service, log: Path, restarts: int) -> tuple[subprocess.Popen[bytes], Running]:
    """Start `service` in a session of its own, its output appended to `log`.

    Raises
    ------
    OSError
        Where the command, directory or user does not exist or may not be used.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            service.command,
            cwd=service.directory,
            env=environment(service),
            user=service.user,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    created = psutil.Process(process.pid).create_time()
    return process, Running(process.pid, created, restarts)


def environment(service: Service) -> dict[str, str]:
    """Return the whole environment of a service: what it declares, on a bare one."""
    home = pwd.getpwnam(service.user).pw_dir if service.user else str(Path.home())
    bare = {"PATH": os.environ.get("PATH", _PATH), "HOME": home, "LANG": "C.UTF-8"}
    return bare | service.environment


async def end_group(running: Running, patience_s: float) -> bool:
    """End the process and its group: SIGTERM, `patience_s`, SIGKILL; say whether it is gone."""
    if not running.alive():
        _signal(running, signal.SIGKILL)
        return True
    descriptor = os.pidfd_open(running.pid)
    try:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(descriptor, ended.set)
        for number, patience in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 5.0)):
            _signal(running, number)
            try:
                await asyncio.wait_for(ended.wait(), patience)
                break
            except TimeoutError:
                continue
        loop.remove_reader(descriptor)
        _signal(running, signal.SIGKILL)  # members of the group that outlived their leader
        return ended.is_set()
    finally:
        os.close(descriptor)


def _signal(running: Running, number: signal.Signals) -> None:
    try:
        os.killpg(running.pid, number)
    except (ProcessLookupError, PermissionError):
        return  # nobody of the group is left, or its number belongs to somebody else by now
