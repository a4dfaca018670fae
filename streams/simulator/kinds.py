"""Kinds of agents, and how their metrics answer to load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

METRICS: Final = (
    "cpu_usage",
    "memory_usage",
    "disk_usage",
    "response_time_avg",
    "network_latency",
    "error_rate",
    "active_tasks",
    "bytes_sent",
)
"""The columns of a frame."""
COLUMN: Final = {name: index for index, name in enumerate(METRICS)}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of agent: ``metric = idle + gain * load``, plus noise, in the metric's unit.

    Parameters
    ----------
    name : str
        The agent_type on the wire.
    share : float
        Its part of the fleet.
    swing : float
        How far the load moves between night and day, 0 to 1.
    idle, gain, noise : tuple of float
        One value a metric, in the order of `METRICS`.
    """

    name: str
    share: float
    swing: float
    idle: tuple[float, ...]
    gain: tuple[float, ...]
    noise: tuple[float, ...]


KINDS: Final = (
    Kind("host", 0.2, 0.5, (8, 35, 40, 2, 1, 0, 40, 2e5), (60, 20, 0, 3, 1, 0, 80, 3e6),
         (2, 0.5, 0.02, 0.2, 0.1, 0.0002, 4, 5e4)),
    Kind("service", 0.4, 0.7, (4, 22, 30, 18, 2, 0.001, 1, 1e4), (55, 15, 0, 60, 4, 0.004, 40, 2e6),
         (2, 0.4, 0.02, 2, 0.3, 0.0005, 1.5, 4e4)),
    Kind("worker", 0.25, 0.3, (10, 30, 25, 80, 2, 0.002, 1, 5e3),
         (75, 25, 0, 150, 2, 0.003, 8, 4e5), (4, 0.8, 0.02, 8, 0.3, 0.0008, 0.5, 2e4)),
    Kind("model_server", 0.15, 0.6, (12, 55, 45, 35, 3, 0.001, 0, 1e4),
         (70, 10, 0, 110, 3, 0.002, 24, 1e6), (3, 0.3, 0.02, 4, 0.3, 0.0004, 1, 3e4)),
)  # fmt: skip
