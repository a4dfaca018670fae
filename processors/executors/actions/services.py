"""service.restart, service.start, service.stop, service.kill_stuck."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from urllib.parse import urlsplit

import psutil

from processors.executors.executor import NotPossible, Result
from processors.executors.services.ledger import Running
from processors.executors.services.managed import ManagedService, holder_of
from streams.contracts.events.action import Command


class Restart:
    """End what is left of a service, start it, and see that it is well.

    A service that by the time the command arrives is well again, or within the time that it may
    take to start, is left alone; one whose dependency has died since, and was not heard of yet
    when the command was decided, comes after it. A person's wish is done all the same.

    Parameters
    ----------
    needs : iterable of ManagedService
        Those of this host that it depends on.
    patience : bool
        Whether a process that still lives is asked to leave before it is killed.
    """

    def __init__(
        self,
        command: Command,
        managed: ManagedService,
        *,
        needs: Iterable[ManagedService] = (),
        patience: bool = True,
    ) -> None:
        self._command = command
        self._managed = managed
        self._needs = needs
        self._patience = patience

    async def preview(self) -> str:
        """Return the signals and the command that would be given."""
        running = self._managed.running
        if not self._command.requested_by:
            await self._guard(running)
        how = f"SIGTERM, {self._managed.service.stop_s} s, SIGKILL" if self._patience else "SIGKILL"
        end = [f"end process group {running.pid} ({how})"] if running else []
        return "\n".join([*end, f"start {shlex.join(self._managed.service.command)}"])

    async def _guard(self, running: Running | None) -> None:
        name = self._managed.name
        if running and (await self._managed.check()).well:
            raise NotPossible("not_needed", f"{name} is well: process {running.pid}")
        if running and self._managed.starting:
            start_s = self._managed.service.start_s
            detail = f"{name} may take {start_s:g} s to start: process {running.pid}"
            raise NotPossible("starting", detail)
        for needed in self._needs:
            if needed.running is None and not needed.stopped_on_purpose:
                raise NotPossible(
                    "dependency_down", f"{name} needs {needed.name}: {needed.last_exit}"
                )

    async def run(self) -> Result:
        """Stop what lives, and start."""
        if not self._patience and self._managed.running is not None:
            self._managed.running.kill_now()
        await self._managed.stop()
        return start(self._managed)

    async def verify(self) -> Result:
        """Wait until its health check passes, or it ends, or its time to start is over."""
        verdict = await self._managed.until_well(self._managed.service.start_s)
        running = self._managed.running
        evidence = {"pid": running.pid if running else 0, "latency_ms": verdict.latency_ms}
        if verdict.well:
            return Result(True, verdict.detail, evidence)
        return Result(False, f"{verdict.detail}; {self._managed.tail()}", evidence)

    async def undo(self) -> Result | None:
        """Undo nothing: a failed start leaves what there was before, nothing that runs."""
        return None


class Start(Restart):
    """Start a service that does not run."""

    async def preview(self) -> str:
        """Return the command that would be given."""
        if self._managed.running is not None:
            pid = self._managed.running.pid
            raise NotPossible("not_needed", f"{self._managed.name} runs: process {pid}")
        return await super().preview()


class Stop(Restart):
    """Stop a service and leave it stopped."""

    async def preview(self) -> str:
        """Return the signals that would be given."""
        running = self._managed.running
        if running is None:
            raise NotPossible("not_needed", f"{self._managed.name} does not run")
        stop_s = self._managed.service.stop_s
        return f"end process group {running.pid} (SIGTERM, {stop_s} s, SIGKILL)"

    async def run(self) -> Result:
        """Stop it."""
        self._managed.intend(stopped=True)
        gone = await self._managed.stop()
        return Result(gone, "stopped" if gone else "it does not end, not even by SIGKILL")

    async def verify(self) -> Result:
        """See that its process is gone."""
        running = self._managed.running
        if running is None:
            return Result(True, "not running")
        return Result(False, f"process {running.pid} still runs", {"pid": running.pid})

    async def undo(self) -> Result | None:
        """Start it again where stopping it failed half-way."""
        self._managed.intend(stopped=False)
        return start(self._managed) if self._managed.running is None else None


def start(managed: ManagedService) -> Result:
    """Start the process of `managed`; what cannot be started has failed."""
    try:
        running = managed.start()
    except (OSError, KeyError) as error:
        return Result(False, f"cannot start {shlex.join(managed.service.command)}: {error}")
    return Result(True, f"started process {running.pid}", {"pid": running.pid})


def port_of(managed: ManagedService) -> int | None:
    """Return the port on which a service is expected to listen, as its health check says."""
    health = managed.service.health
    if health.tcp is not None:
        return int(health.tcp.rpartition(":")[2])
    return urlsplit(health.http).port if health.http is not None else None


def stranger_on_port(managed: ManagedService) -> tuple[int, int, str] | None:
    """Return (port, pid, command line) of who holds the service's port without being it."""
    port = port_of(managed)
    try:
        holder = holder_of(port) if port is not None else None
        if port is None or holder is None or belongs(holder, managed):
            return None
        return port, holder.pid, " ".join(holder.cmdline())[:200]
    except psutil.Error:
        return None  # it left meanwhile, or may not be seen: nobody that could be named


def belongs(process: psutil.Process, managed: ManagedService) -> bool:
    """Say whether `process` is the service's, or descends from it."""
    running = managed.running
    return running is not None and (process.pid == running.pid or _descends(process, running.pid))


def _descends(process: psutil.Process, pid: int) -> bool:
    return any(parent.pid == pid for parent in process.parents())
