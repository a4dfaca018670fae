"""How well an agent does its work."""

from __future__ import annotations

import msgspec


class AgentPerformanceChanged(msgspec.Struct, frozen=True):
    """Performance moved to another level, or its score by a step of the policy.

    Parameters
    ----------
    level, previous : str
        excellent, good, fair, poor or critical; `previous` is empty at first.
    score : float
        0 to 100; `processors.performance.score` defines it.
    parts : dict of str to float
        Points of each part that it has, 0 to 1: response, success, throughput, utilisation, cost.
    p95_ms, p99_ms : float or None
        Percentiles of the response time.
    throughput_per_s : float or None
        Tasks completed a second, in the window that just closed.
    success_rate, utilisation : float or None
        0 to 1.
    cost_per_task : float or None
        In the unit of the cost metric.
    policy_version : int
        The policy that judged.
    """

    level: str
    previous: str
    score: float
    parts: dict[str, float]
    p95_ms: float | None
    p99_ms: float | None
    throughput_per_s: float | None
    success_rate: float | None
    utilisation: float | None
    cost_per_task: float | None
    policy_version: int
