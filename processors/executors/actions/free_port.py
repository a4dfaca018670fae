"""service.free_port: end the stranger that holds a service's port, then start the service."""

from __future__ import annotations

from collections.abc import Sequence

import psutil

from processors.executors.actions.services import Restart, stranger_on_port
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
    """

    def __init__(self, command: Command, managed: ManagedService, declared: Sequence[str]) -> None:
        super().__init__(command, managed)
        self._declared = declared

    async def preview(self) -> str:
        """Return whom it would end, by pid and command line."""
        stranger, said = self._stranger()
        return f"end process {stranger.pid} ({said})\nstart {self._managed.service.command}"

    async def run(self) -> Result:
        """End the stranger, SIGTERM first, and start the service."""
        stranger, said = self._stranger()
        stranger.terminate()
        _, alive = psutil.wait_procs([stranger], timeout=2)
        for process in alive:
            process.kill()
        await self._managed.stop()
        started = await super().run()
        evidence = started.evidence | {"ended_pid": stranger.pid, "ended_command": said}
        return Result(started.well, f"ended {stranger.pid} ({said}); {started.detail}", evidence)

    def _stranger(self) -> tuple[psutil.Process, str]:
        found = stranger_on_port(self._managed)
        if found is None:
            raise NotPossible("not_needed", f"nobody else holds the port of {self._managed.name}")
        _, pid, said = found
        process = psutil.Process(pid)
        if why := protected(process, self._declared):
            raise NotPossible("protected", f"process {pid} ({said}) is {why}")
        return process, said
