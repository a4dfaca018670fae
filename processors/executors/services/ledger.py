"""Which process is which service: written before it is relied upon, read after a crash.

A process is named by pid *and* creation time, so that a reused pid is never taken for a service.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import msgspec
import psutil

from processors.executors.services.marked import kill_marked

_CLOCK_SLACK_S = 0.05
"""Creation times are derived from clock ticks; two readings may differ by a few."""


class Running(msgspec.Struct, frozen=True):
    """A started service.

    Parameters
    ----------
    pid : int
        Also its process group and session.
    create_time : float
        Seconds since the epoch.
    restarts : int
        Starts after the first.
    mark : str
        What its environment bears, and that of all it started; empty where an earlier release
        started it.
    """

    pid: int
    create_time: float
    restarts: int = 0
    mark: str = ""

    def kill_now(self) -> None:
        """Send SIGKILL to all that it started, and to the process group if it is still its own."""
        if self.alive():
            os.killpg(self.pid, signal.SIGKILL)
        kill_marked(self.mark)

    def alive(self) -> bool:
        """Say whether this very process still runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.create_time) < _CLOCK_SLACK_S
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


class Ledger:
    """One small synced file a service."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def read(self, name: str) -> Running | None:
        """Return what was last recorded of a service; nothing where that cannot be read."""
        try:
            return msgspec.json.decode((self._folder / f"{name}.json").read_bytes(), type=Running)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write(self, name: str, running: Running) -> None:
        """Record a service, whole or not at all, on disk before this returns."""
        replace_synced(self._folder / f"{name}.json", msgspec.json.encode(running))

    def stopped(self, name: str) -> bool:
        """Say whether a service was stopped on purpose."""
        return (self._folder / f"{name}.stopped").exists()

    def note_stopped(self, name: str, stopped: bool) -> None:
        """Record that a service was stopped on purpose, or that it no longer is."""
        mark = self._folder / f"{name}.stopped"
        if stopped:
            replace_synced(mark, b"")
        else:
            mark.unlink(missing_ok=True)


def replace_synced(path: Path, content: bytes) -> None:
    """Put `content` in `path` at once, and on disk before this returns."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
