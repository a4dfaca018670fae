"""The configuration file: what a host is to start, watch, measure and tidy."""

from __future__ import annotations

import socket
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from pydantic import Field, field_validator, model_validator

from config.probes import Probe
from config.sections import ID, Section, repeated
from config.services import Service
from config.sources import Source, Sources


class Housekeeping(Section):
    """What host actions may touch: nothing outside these roots.

    Parameters
    ----------
    log_globs : list of str
        Patterns of log files that may be rotated.
    cache_directories : list of Path
        Folders whose content may be cleared.
    rotate_above_mb : float
        Size from which a log file is rotated.
    keep_rotated : int
        Rotated copies of a file that are kept.
    """

    log_globs: list[str] = []
    cache_directories: list[Path] = []
    rotate_above_mb: float = Field(default=100.0, gt=0, le=1e6)
    keep_rotated: int = Field(default=5, ge=1, le=1000)


class Configuration(Section):
    """The YAML file that ``HOMEOSTAT_CONFIG`` names.

    Parameters
    ----------
    host : str
        This host's id as an agent; unset, the machine's name.
    tenant : str
        Whose the host, its services and its probes are.
    services : list of Service
        What is started, watched and healed.
    probes : list of Probe
        What is watched from outside.
    sources : Sources
        What else is measured: exporters, brokers, databases, model servers, caches.
    housekeeping : Housekeeping
        What actions on the host may touch.
    host_interval_s : float
        Time between two heartbeats of the host.
    protected : list of str
        Command-line texts of processes that no action may ever touch.
    """

    host: str | None = Field(default=None, pattern=ID)
    tenant: str = Field(default="default", pattern=ID)
    services: list[Service] = []
    probes: list[Probe] = []
    sources: Sources = Sources()
    housekeeping: Housekeeping = Housekeeping()
    host_interval_s: float = Field(default=5.0, ge=1, le=3600)
    protected: list[str] = []

    @field_validator("services")
    @classmethod
    def _complete(cls, services: list[Service]) -> list[Service]:
        names = {service.name for service in services}
        for service in services:
            if unknown := set(service.depends_on) - names:
                told = ", ".join(sorted(unknown))
                raise ValueError(f"{service.name} depends on undeclared {told}")
        return services

    @field_validator("services")
    @classmethod
    def _without_circle(cls, services: list[Service]) -> list[Service]:
        try:
            TopologicalSorter({each.name: each.depends_on for each in services}).prepare()
        except CycleError as error:
            circle = " -> ".join(error.args[1])
            raise ValueError(f"services that depend on each other: {circle}") from error
        return services

    @model_validator(mode="after")
    def _apart(self) -> Configuration:
        agents: list[Service | Probe | Source]
        agents = [*self.services, *self.probes, *self.sources.named]
        if twice := repeated(each.name for each in agents):
            detail = "services, probes and sources need names of their own; twice"
            raise ValueError(f"{detail}: {', '.join(twice)}")
        return self


def host_name(configuration: Configuration) -> str:
    """Return this host's agent id: the configured one, or the machine's name made valid."""
    name = configuration.host or socket.gethostname()
    valid = "".join(c if (c.isalnum() and c.isascii()) or c in "._:@+-" else "-" for c in name)
    return valid.lstrip("._:@+-") or "host"
