"""Kinds of agents, and how their metrics answer to load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple


class Answer(NamedTuple):
    """How one metric answers: ``idle + gain * load + job * nightly job``, and its noise.

    All in the metric's unit; load is 0.2 to 0.9 on a usual day.
    """

    idle: float
    gain: float
    noise: float
    job: float = 0.0


METRICS: Final = (
    "cpu_usage",
    "memory_usage",
    "disk_usage",
    "response_time_avg",
    "network_latency",
    "error_rate",
    "active_tasks",
    "bytes_sent",
    "connections",
    "open_files",
    "gc_pause_ms",
    "cache_hit_rate",
    "queue_depth",
    "temperature",
)
"""The columns of a block of measurements."""
COLUMN: Final = {name: index for index, name in enumerate(METRICS)}
COUNTS: Final = ("active_tasks", "connections", "open_files", "queue_depth")
"""Whole numbers."""
UPPER: Final = {
    "cpu_usage": 100.0,
    "memory_usage": 100.0,
    "disk_usage": 100.0,
    "error_rate": 1.0,
    "cache_hit_rate": 1.0,
}
"""What their units allow; nothing is below 0."""

OFFICE: Final = (
    0.22, 0.18, 0.15, 0.13, 0.12, 0.14, 0.20, 0.32, 0.52, 0.70, 0.80, 0.82,
    0.74, 0.78, 0.84, 0.83, 0.76, 0.66, 0.54, 0.46, 0.42, 0.38, 0.32, 0.27,
)  # fmt: skip
EVENING: Final = (
    0.42, 0.32, 0.25, 0.20, 0.18, 0.18, 0.22, 0.30, 0.36, 0.40, 0.44, 0.48,
    0.52, 0.52, 0.50, 0.50, 0.54, 0.60, 0.68, 0.78, 0.84, 0.82, 0.70, 0.55,
)  # fmt: skip
STEADY: Final = (
    0.50, 0.48, 0.46, 0.45, 0.44, 0.45, 0.47, 0.50, 0.53, 0.55, 0.57, 0.58,
    0.57, 0.57, 0.58, 0.58, 0.57, 0.56, 0.55, 0.54, 0.53, 0.52, 0.51, 0.50,
)  # fmt: skip
WORKDAYS: Final = (1.0, 1.03, 1.04, 1.02, 0.96, 0.55, 0.50)
EVERY_DAY: Final = (0.96, 0.96, 0.97, 0.99, 1.04, 1.10, 1.06)
"""Monday first."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of agent.

    Parameters
    ----------
    name : str
        The agent_type on the wire.
    share : float
        Its part of a mixed fleet.
    interval_frames : int
        It reports in each so-manieth frame.
    day : tuple of 24 floats
        Load at each full hour, UTC.
    week : tuple of 7 floats
        By what the day's load is multiplied.
    answers : dict
        What it measures.
    """

    name: str
    share: float
    interval_frames: int
    day: tuple[float, ...]
    week: tuple[float, ...]
    answers: dict[str, Answer]


HOST: Final = Kind("host", 0.2, 1, STEADY, WORKDAYS, {
    "cpu_usage": Answer(6, 50, 1.8, 14),
    "memory_usage": Answer(38, 18, 0.5, 4),
    "disk_usage": Answer(42, 0, 0.03),
    "network_latency": Answer(1.2, 1.6, 0.12),
    "bytes_sent": Answer(2e5, 3e6, 6e4, 4e6),
    "open_files": Answer(900, 700, 14, 120),
    "temperature": Answer(38, 22, 0.5, 4),
})  # fmt: skip
SERVICE: Final = Kind("service", 0.4, 2, OFFICE, WORKDAYS, {
    "cpu_usage": Answer(4, 58, 2.0),
    "memory_usage": Answer(24, 18, 0.5),
    "response_time_avg": Answer(18, 38, 1.8),
    "network_latency": Answer(2, 4, 0.3),
    "error_rate": Answer(0.001, 0.004, 0.0005),
    "active_tasks": Answer(1, 40, 1.5),
    "bytes_sent": Answer(1e4, 2e6, 4e4),
    "connections": Answer(6, 90, 3),
    "open_files": Answer(120, 160, 4),
    "gc_pause_ms": Answer(4, 9, 0.8),
    "cache_hit_rate": Answer(0.95, -0.06, 0.006),
})  # fmt: skip
WORKER: Final = Kind("worker", 0.2, 2, STEADY, EVERY_DAY, {
    "cpu_usage": Answer(8, 66, 3.0, 18),
    "memory_usage": Answer(30, 24, 0.8, 6),
    "response_time_avg": Answer(22, 42, 2.6, 8),
    "error_rate": Answer(0.002, 0.003, 0.0008),
    "active_tasks": Answer(1, 9, 0.6, 4),
    "bytes_sent": Answer(5e3, 4e5, 1.5e4, 6e5),
    "open_files": Answer(80, 60, 3, 20),
    "gc_pause_ms": Answer(6, 12, 1.2),
    "queue_depth": Answer(2, 60, 4, 60),
})  # fmt: skip
MODEL_SERVER: Final = Kind("model_server", 0.15, 2, EVENING, EVERY_DAY, {
    "cpu_usage": Answer(10, 55, 2.4),
    "memory_usage": Answer(56, 10, 0.3),
    "response_time_avg": Answer(26, 46, 2.0),
    "error_rate": Answer(0.001, 0.002, 0.0004),
    "active_tasks": Answer(0, 24, 1.0),
    "queue_depth": Answer(0, 18, 1.2),
    "temperature": Answer(40, 34, 0.7),
    "bytes_sent": Answer(1e4, 1e6, 3e4),
})  # fmt: skip
SENSOR: Final = Kind("sensor", 0.05, 5, OFFICE, EVERY_DAY, {
    "temperature": Answer(14, 9, 0.25),
    "network_latency": Answer(12, 8, 1.2),
})  # fmt: skip
KINDS: Final = (HOST, SERVICE, WORKER, MODEL_SERVER, SENSOR)
