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

from config.services import Service
from processors.executors.services.ledger import Running

_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def spawn(service: Service, log: Path, restarts: int) -> tuple[subprocess.Popen[bytes], Running]:
    """Start `service` in a session of its own, its output appended to `log`.

    Raises
    ------
    OSError
        Where the command or directory does not exist or may not be used.
    KeyError
        Where there is no such user.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    account = pwd.getpwnam(service.user) if service.user else None
    with log.open("ab") as output:
        process = subprocess.Popen(
            service.command,
            cwd=service.directory,
            env=environment(service),
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=os.getgrouplist(account.pw_name, account.pw_gid) if account else None,
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
        end_orphans(running)
        return True
    descriptor = os.pidfd_open(running.pid)
    loop = asyncio.get_running_loop()
    try:
        ended = asyncio.Event()
        loop.add_reader(descriptor, ended.set)
        for number, patience in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 5.0)):
            _signal(running, number)
            try:
                await asyncio.wait_for(ended.wait(), patience)
                break
            except TimeoutError:
                continue
        _signal(running, signal.SIGKILL)  # members of the group that outlived their leader
        return ended.is_set()
    finally:
        # Also where a time limit cancels the wait: a closed descriptor must not stay watched.
        loop.remove_reader(descriptor)
        os.close(descriptor)


def end_orphans(running: Running) -> None:
    """Kill what outlived the leader of a group, unless its number is in use again."""
    if not psutil.pid_exists(running.pid):
        _signal(running, signal.SIGKILL)


def _signal(running: Running, number: signal.Signals) -> None:
    try:
        os.killpg(running.pid, number)
    except (ProcessLookupError, PermissionError):
        return  # nobody of the group is left, or its number belongs to somebody else by now
