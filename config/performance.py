"""How well agents are expected to do their work, as data."""

from __future__ import annotations

from typing import Annotated

import msgspec

from config.quantities import Amount, Points, PolicyPart, Share, Weight

Windows = Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class ResponseBounds(PolicyPart, frozen=True, kw_only=True):
    """What a response time is worth.

    Parameters
    ----------
    target_ms, limit_ms : float
        Up to the first it has all points, from the second on none; for p99 both are doubled.
    """

    target_ms: Amount = 100.0
    limit_ms: Amount = 1_000.0

    def __post_init__(self) -> None:
        """Refuse bounds in the wrong order."""
        if self.target_ms >= self.limit_ms:
            detail = f"target_ms is {self.target_ms}; use less than limit_ms, {self.limit_ms}"
            raise ValueError(detail)


class PerformanceWeights(PolicyPart, frozen=True, kw_only=True):
    """How much each part of the score counts, against the other parts that an agent has.

    Parameters
    ----------
    response : float
        Percentiles of the response time.
    success : float
        Share of tasks that succeed.
    throughput : float
        Tasks completed, against what is usual for the agent.
    utilisation : float
        How much of it is used.
    cost : float
        What a completed task costs.
    """

    response: Weight = 35.0
    success: Weight = 35.0
    throughput: Weight = 10.0
    utilisation: Weight = 10.0
    cost: Weight = 10.0


class PerformanceLevels(PolicyPart, frozen=True, kw_only=True):
    """The scores from which on an agent has a level; below all of them it is critical.

    Parameters
    ----------
    excellent, good, fair, poor : float
        Each higher than the next, 0 to 100.
    """

    excellent: Points = 90.0
    good: Points = 75.0
    fair: Points = 60.0
    poor: Points = 40.0

    def __post_init__(self) -> None:
        """Refuse levels in the wrong order."""
        bounds = (self.poor, self.fair, self.good, self.excellent)
        if list(bounds) != sorted(set(bounds)):
            raise ValueError(f"poor, fair, good, excellent are {bounds}; let each be higher")


class PerformancePolicy(PolicyPart, frozen=True, kw_only=True):
    """How performance is scored; the definitions are in `processors.performance.score`.

    Parameters
    ----------
    enabled : bool
        Whether it is scored at all.
    weights : PerformanceWeights
        How much each part counts.
    response : ResponseBounds
        What a response time is worth.
    response_of_types : dict of str to ResponseBounds
        The same for single types of agent.
    success_target, success_floor : float
        Share of tasks that succeed, from which on it has all points, and up to which none.
    utilisation_metric : str
        A metric in percent that says how much of an agent is used; empty for none.
    utilisation_low, utilisation_high : float
        Between these shares it has all points: below there is waste, above there is no reserve.
    cost_metric : str
        A metric that says what an agent costs an hour; empty where nothing does.
    cost_per_task : float
        What a completed task may cost, in the unit of `cost_metric`.
    levels : PerformanceLevels
        Which score is which level.
    margin : float
        Points by which a score must pass a bound before the level moves.
    step : float
        A score that moves by so many points is news.
    memory_windows : int
        Windows after which a measurement counts for about a third.
    minimum_windows : int
        Nothing is said of an agent before so many.
    """

    enabled: bool = True
    weights: PerformanceWeights = PerformanceWeights()
    response: ResponseBounds = ResponseBounds()
    response_of_types: dict[str, ResponseBounds] = {}
    success_target: Share = 0.99
    success_floor: Share = 0.8
    utilisation_metric: str = "cpu_usage"
    utilisation_low: Share = 0.1
    utilisation_high: Share = 0.8
    cost_metric: str = ""
    cost_per_task: Amount = 1.0
    levels: PerformanceLevels = PerformanceLevels()
    margin: Points = 2.0
    step: Annotated[float, msgspec.Meta(gt=0.0, le=100.0)] = 5.0
    memory_windows: Windows = 30
    minimum_windows: Windows = 3

    def __post_init__(self) -> None:
        """Refuse bounds in the wrong order."""
        if self.success_floor >= self.success_target:
            detail = f"success_floor is {self.success_floor}; use less than success_target"
            raise ValueError(detail)
        if not 0.0 < self.utilisation_low < self.utilisation_high < 1.0:
            low, high = self.utilisation_low, self.utilisation_high
            raise ValueError(f"utilisation is {low} to {high}; use 0 < low < high < 1")
