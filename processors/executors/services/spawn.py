"""Starts a service's process so that it outlives us, and ends all that it started.

A process that runs before it is recorded is one that nobody adopts where we are killed in between,
and a second one would be started beside it. So the new process waits, before it becomes the
service, until its record is on disk; and leaves where we are gone by then.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final
from uuid import uuid4

import psutil

from config.services import Service
from processors.executors.services import marked
from processors.executors.services.ledger import Running

_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def spawn(
    service: Service, log: Path, restarts: int, record: Callable[[Running], None]
) -> tuple[subprocess.Popen[bytes], Running]:
    """Start `service` in a session of its own, its output appended to `log`.

    Parameters
    ----------
    restarts : int
        Starts before this one.
    record : callable
        Puts on disk which process it is; where that fails, nothing was started.

    Raises
    ------
    OSError
        Where the command or directory does not exist or may not be used, or from `record`.
    KeyError
        Where there is no such user.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    gate, mark = _Gate(), uuid4().hex
    with ThreadPoolExecutor(1) as aside:
        # Aside, for it returns only when the process has become the service, or could not.
        starting = aside.submit(_popen, service, log, gate, mark)
        starting.add_done_callback(lambda _: gate.nobody_comes())
        try:
            pid = gate.who_waits()
            began = psutil.Process(pid).create_time() if pid else 0.0
            running = Running(pid, began, restarts, mark)
            if pid:
                record(running)
                gate.open()
        except BaseException:
            gate.close()
            starting.result().wait()
            raise
        gate.close()
        return starting.result(), running


def _popen(service: Service, log: Path, gate: _Gate, mark: str) -> subprocess.Popen[bytes]:
    account = pwd.getpwnam(service.user) if service.user else None
    with log.open("ab") as output:
        return subprocess.Popen(
            service.command,
            cwd=service.directory,
            env=environment(service) | {marked.NAME: mark},
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=os.getgrouplist(account.pw_name, account.pw_gid) if account else None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=gate.wait,  # noqa: PLW1509 - it makes two system calls, and takes no lock
        )


class _Gate:
    """Where a new process waits: it says who it is, and goes on at our word."""

    def __init__(self) -> None:
        self._who, self._here = os.pipe()
        self._word, self._give = os.pipe()

    def wait(self) -> None:
        """Wait, in the new process; end it where nobody is left to give the word."""
        os.close(self._give)
        os.write(self._here, b"%d" % os.getpid())
        if not os.read(self._word, 1):
            os._exit(1)

    def who_waits(self) -> int:
        """Return the number of the process that waits; 0 where none came so far."""
        return int(os.read(self._who, 20) or b"0")

    def nobody_comes(self) -> None:
        """Let `who_waits` return, also where the process could not be made."""
        os.close(self._here)

    def open(self) -> None:
        """Give the word."""
        with contextlib.suppress(BrokenPipeError):  # it was killed: that is seen as its death
            os.write(self._give, b".")

    def close(self) -> None:
        """Give up on whoever waits."""
        for end in (self._who, self._word, self._give):
            os.close(end)


def environment(service: Service) -> dict[str, str]:
    """Return the whole environment of a service: what it declares, on a bare one."""
    home = pwd.getpwnam(service.user).pw_dir if service.user else _home()
    bare = {"PATH": os.environ.get("PATH", _PATH), "HOME": home, "LANG": "C.UTF-8"}
    return bare | service.environment


def _home() -> str:
    try:
        return str(Path.home())
    except RuntimeError:
        return "/"  # an account that nobody made, as containers have; init systems say the same


async def end_group(running: Running, patience_s: float) -> bool:
    """End the process and its group: SIGTERM, `patience_s`, SIGKILL; say whether it is gone."""
    if not running.alive():
        end_orphans(running)
        return True
    descriptor = os.pidfd_open(running.pid)
    loop = asyncio.get_running_loop()
    until = loop.time() + patience_s
    try:
        ended = asyncio.Event()
        loop.add_reader(descriptor, ended.set)
        for number, patience in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 5.0)):
            _signal(running, number)
            marked.signal_marked(running.mark, number, without=running.pid)
            try:
                await asyncio.wait_for(ended.wait(), patience)
                break
            except TimeoutError:
                continue
        _signal(running, signal.SIGKILL)  # members of the group that outlived their leader
        await marked.left(running.mark, until - loop.time(), running.pid)
        marked.kill_marked(running.mark)
        return ended.is_set()
    finally:
        # Also where a time limit cancels the wait: a closed descriptor must not stay watched.
        loop.remove_reader(descriptor)
        os.close(descriptor)


def end_orphans(running: Running) -> None:
    """Kill what outlived the leader of a group, unless its number is in use again."""
    if not psutil.pid_exists(running.pid):
        _signal(running, signal.SIGKILL)
    marked.kill_marked(running.mark)


def _signal(running: Running, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        # Nobody of the group is left, or its number belongs to somebody else by now.
        os.killpg(running.pid, number)
