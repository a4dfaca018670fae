"""One declared service: what it is doing, and what is said of it.

Its death is known at once by a pidfd; its health by its check. Nothing here starts or stops it
without being told: that is the executors' part, and theirs only on command.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import psutil

from config.services import Service
from processors.executors.services.ledger import Ledger, Running
from processors.executors.services.output import keep_newest, size_on_disk
from processors.executors.services.spawn import end_group, end_orphans, spawn
from streams.producers.service_probe import Verdict, probe_http, probe_tcp

MB: Final = 1_000_000
_PROVEN_S: Final = 0.2
"""A process of which no more is asked than to live has to have lived this long."""

Told = Callable[["ManagedService"], None]


class ManagedService:
    """A declared service and its process.

    Parameters
    ----------
    service : Service
        The declaration.
    ledger : Ledger
        Where its process is recorded.
    log : Path
        Where its output goes.
    told : callable
        Is called whenever what is known of it changed.
    """

    def __init__(self, service: Service, ledger: Ledger, log: Path, told: Told) -> None:
        self.service = service
        self.log = log
        self.running: Running | None = None
        self.verdict = Verdict(False, 0.0, "not started")
        self.failures = 0
        self.last_exit = ""
        self.stopped_on_purpose = ledger.stopped(service.name)
        self._ledger = ledger
        self._told = told
        self._process: subprocess.Popen[bytes] | None = None
        self._ended_last: Running | None = None
        self._descriptor = -1
        self._judged_from = 0.0
        self._started = float("-inf")

    @property
    def name(self) -> str:
        """The service's name, which is its agent id."""
        return self.service.name

    @property
    def well(self) -> bool:
        """Whether its process lives and its check did not fail too often."""
        return self.running is not None and self.failures < self.service.health.failures

    @property
    def starting(self) -> bool:
        """Whether it is within the time that it may take to start."""
        return time.monotonic() < self._judged_from

    def adopt(self) -> bool:
        """Take over the process that an earlier node started, if it still runs."""
        recorded = self._ledger.read(self.name)
        if recorded is None or not recorded.alive():
            return False
        self._watch(recorded)
        self.failures = 0
        lived_s = max(0.0, time.time() - recorded.create_time)
        self._judged_from = time.monotonic() + self.service.start_s - lived_s
        return True

    def start(self) -> Running:
        """Start the process and watch it."""
        before = self._ledger.read(self.name)
        restarts = 0 if before is None else before.restarts + 1
        record = partial(self._ledger.write, self.name)
        self._process, running = spawn(self.service, self.log, restarts, record)
        self.failures = 0
        self.intend(stopped=False)
        self._started = time.monotonic()
        self._judged_from = self._started + self.service.start_s
        self._watch(running)
        return running

    def intend(self, *, stopped: bool) -> None:
        """Record whether it is meant to be stopped, also for the node that comes after us."""
        self.stopped_on_purpose = stopped
        self._ledger.note_stopped(self.name, stopped)

    async def stop(self) -> bool:
        """End the process and its group; say whether it is gone."""
        running = self.running
        if running is None:
            if self._ended_last is not None:
                end_orphans(self._ended_last)
            return True
        gone = await end_group(running, self.service.stop_s)
        if gone and self.running is running:
            self._ended()
        return gone

    async def check(self) -> Verdict:
        """Return the verdict of its health check now, without drawing conclusions."""
        health = self.service.health
        if self.running is None:
            return Verdict(False, 0.0, f"not running; {self.last_exit or 'never started'}")
        if health.http is not None:
            return await probe_http(
                health.http, health.timeout_s, status=health.status, body=health.body
            )
        if health.tcp is not None:
            return await probe_tcp(health.tcp, health.timeout_s)
        if time.monotonic() - self._started < _PROVEN_S:
            return Verdict(False, 0.0, f"process {self.running.pid} has only just started")
        return Verdict(True, 0.0, f"process {self.running.pid} lives")

    async def judge(self) -> None:
        """Check it, and draw the conclusion."""
        running = self.running
        verdict = await self.check()
        if running is not self.running:
            return  # it ended or was started anew meanwhile: the verdict speaks of another process
        self.verdict = verdict
        if verdict.well:
            self.failures = 0
            self._judged_from = 0.0
        elif not self.starting:
            self.failures += 1

    async def until_well(self, limit_s: float) -> Verdict:
        """Check in quick succession until it is well, has ended, or `limit_s` is over."""
        pause, end = 0.01, time.monotonic() + limit_s
        while True:
            verdict = await self.check()
            if verdict.well or self.running is None or time.monotonic() >= end:
                self.verdict = verdict
                self.failures = 0 if verdict.well else self.service.health.failures
                self._judged_from = 0.0
                # Told before the outcome is: recovery should be on record before its cause ends.
                self._told(self)
                return verdict
            await asyncio.sleep(min(pause, max(0.0, end - time.monotonic())))
            pause = min(pause * 1.3, 0.25)

    async def trim(self) -> None:
        """Let go of the older half of its output where that is more than is kept of it."""
        kept = int(self.service.log_mb * MB)
        if size_on_disk(self.log) > kept:
            await asyncio.to_thread(keep_newest, self.log, kept // 2)

    def _watch(self, running: Running) -> None:
        self._release()
        self.running = running
        self._descriptor = os.pidfd_open(running.pid)
        asyncio.get_running_loop().add_reader(self._descriptor, self._ended)

    def _ended(self) -> None:
        self._release()
        running, self.running = self.running, None
        self._ended_last = running
        status = self._process.wait() if self._process is not None else None
        self._process = None
        self.last_exit = _describe(running, status)
        self.verdict = Verdict(False, 0.0, self.last_exit)
        self._told(self)

    def _release(self) -> None:
        if self._descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def tail(self, lines: int = 5) -> str:
        """Return the last lines of its output, for people."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - 4096))
                text = file.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
        return " | ".join(text.strip().splitlines()[-lines:])


def _describe(running: Running | None, status: int | None) -> str:
    pid = running.pid if running else 0
    if status is None:
        return f"process {pid} is gone"
    if status < 0:
        return f"process {pid} was killed by signal {-status}"
    return f"process {pid} ended with status {status}"


def holder_of(port: int) -> psutil.Process | None:
    """Return the process that listens on `port` of this machine, where it may be seen."""
    for found in psutil.net_connections("tcp"):
        if found.status != psutil.CONN_LISTEN or not found.laddr or not found.pid:
            continue
        if found.laddr.port == port:
            return psutil.Process(found.pid)
    return None
