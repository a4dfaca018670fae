"""Which actions this host can do: the one list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from config.configuration import Configuration
from processors.executors.actions.clear_caches import ClearCaches
from processors.executors.actions.free_port import FreePort
from processors.executors.actions.rotate_logs import RotateLogs
from processors.executors.actions.services import Restart, Start, Stop
from processors.executors.executor import Executor, NotPossible
from processors.executors.services.managed import ManagedService
from streams.contracts.events.action import Command

ACTIONS: Final = (
    "service.restart",
    "service.start",
    "service.stop",
    "service.kill_stuck",
    "service.free_port",
    "host.rotate_logs",
    "host.clear_caches",
)


class Registry:
    """Makes the executor for a command.

    Parameters
    ----------
    configuration : Configuration
        What may be touched.
    services : mapping of str to ManagedService
        The declared services by name.
    home : Path
        The node's folder, for the trash.
    """

    def __init__(
        self, configuration: Configuration, services: Mapping[str, ManagedService], home: Path
    ) -> None:
        self._configuration = configuration
        self._services = services
        self._home = home

    def make(self, command: Command) -> Executor:
        """Return the executor for `command`; raises `NotPossible` where there is none."""
        if command.target.partition("/")[0] != self._configuration.tenant:
            raise NotPossible("unknown_target", f"{command.target} is of another tenant")
        if command.action == "host.rotate_logs":
            return RotateLogs(self._configuration.housekeeping)
        if command.action == "host.clear_caches":
            trash = self._home / "trash" / command.action_id
            return ClearCaches(self._configuration.housekeeping, trash)
        if command.action not in ACTIONS:
            raise NotPossible("unknown_action", f"this host knows no action {command.action!r}")
        return self._for_service(command)

    def _for_service(self, command: Command) -> Executor:
        managed = self._services.get(command.target.rpartition("/")[2])
        if managed is None:
            raise NotPossible("unknown_target", f"{command.target} is not declared on this host")
        needs = [self._services[name] for name in managed.service.depends_on]
        match command.action:
            case "service.start":
                return Start(command, managed, needs=needs)
            case "service.stop":
                return Stop(command, managed)
            case "service.kill_stuck":
                return Restart(command, managed, needs=needs, patience=False)
            case "service.free_port":
                protected = self._configuration.protected
                return FreePort(command, managed, protected, self._services.values())
            case _:
                return Restart(command, managed, needs=needs)
