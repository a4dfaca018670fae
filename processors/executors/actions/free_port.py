"""service.free_port: end the stranger that holds a service's port, then start the service."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Iterable, Sequence

import psutil

from processors.executors.actions.services import Restart, belongs, stranger_on_port
from processors.executors.executor import NotPossible, Result
from processors.executors.protection import protected
from processors.executors.services.managed import ManagedService
from streams.contracts.events.action import Command


class FreePort(Restart):
    """End whoever listens where a service should, unless it is protected.

    Parameters
    ----------
    declared : sequence of str
        Command-line texts of processes that the configuration protects.
    services : iterable of ManagedService
        Every declared service: none of them is a stranger.
    """

    def __init__(
        self,
        command: Command,
        managed: ManagedService,
        declared: Sequence[str],
        services: Iterable[ManagedService],
    ) -> None:
        super().__init__(command, managed)
        self._declared = declared
        self._services = services

    async def preview(self) -> str:
        """Return whom it would end, by pid and command line."""
        stranger, said = await asyncio.to_thread(self._stranger)
        started = shlex.join(self._managed.service.command)
        return f"end process {stranger.pid} ({said})\nstart {started}"

    async def run(self) -> Result:
        """End the stranger, SIGTERM first, and start the service."""
        stranger, said = await asyncio.to_thread(self._stranger)
        await asyncio.to_thread(_end, stranger)
        await self._managed.stop()
        started = await super().run()
        evidence = started.evidence | {"ended_pid": stranger.pid, "ended_command": said}
        return Result(started.well, f"ended {stranger.pid} ({said}); {started.detail}", evidence)

    def _stranger(self) -> tuple[psutil.Process, str]:
        """Find it anew; every socket of the machine is looked at, so never on the event loop."""
        found = stranger_on_port(self._managed)
        if found is None:
            raise NotPossible("not_needed", f"nobody else holds the port of {self._managed.name}")
        _, pid, said = found
        try:
            process = psutil.Process(pid)
        except psutil.NoSuchProcess:
            raise NotPossible("not_needed", f"process {pid} ({said}) left by itself") from None
        if why := protected(process, self._declared):
            raise NotPossible("protected", f"process {pid} ({said}) is {why}")
        if owner := next((s.name for s in self._services if belongs(process, s)), None):
            raise NotPossible("protected", f"process {pid} ({said}) is of the service {owner}")
        return process, said


def _end(process: psutil.Process) -> None:
    try:
        process.terminate()
        _, alive = psutil.wait_procs([process], timeout=2)
        for each in alive:
            each.kill()
            each.wait(2)
    except psutil.NoSuchProcess:
        return  # it left by itself
