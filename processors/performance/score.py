"""The score of performance, 0 to 100, and its level.

========== ======================================================== ============================
part       measured as                                              all points, and none
========== ======================================================== ============================
response   p95 and p99 of ``response_time_avg``, recent values      up to the target; from the
           counting most; the mean of both                          limit on (both twice for p99)
success    completed / (completed + failed) tasks, recent ones      from the target on; up to
           counting most; 1 - ``error_rate`` where no tasks are     the floor
           counted
throughput tasks completed a second in the window, against what is  as usual or more; none at 0
           usual for the agent; judged only where it has tasks
           (``active_tasks``)
use        mean of the utilisation metric in the window             between low and high; half at
                                                                    no use, none at 100 %
cost       cost of an hour / tasks completed in an hour             up to ``cost_per_task``, then
                                                                    its share of what they cost
========== ======================================================== ============================

In between, points fall linearly. The score is the mean of the parts that an agent has, by the
weights of the policy; without response and success there is none. A level moves when the score has
passed its bound by a margin, so it does not flap.

When it fails: an agent that is slow because it is asked for more is marked down like one that got
worse; ``response_time_avg`` is a mean already, so its p99 is not that of single requests.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from config.performance import PerformanceLevels, PerformancePolicy, PerformanceWeights
from processors.columns import Bools, Floats, Ints

LEVELS: Final = ("critical", "poor", "fair", "good", "excellent")
"""Worst first. The order is part of snapshots: append only."""


class Measured(NamedTuple):
    """What was measured of some agents, a value each; NaN where an agent has none.

    Parameters
    ----------
    p95_ms, p99_ms : array
        Of the response time.
    success_rate : array
        0 to 1.
    throughput_per_s, usual_per_s : array
        Tasks completed a second, now and usually.
    busy : array of bool
        Whether it had tasks in the window.
    utilisation : array
        0 to 1.
    cost_per_task : array
        In the unit of the cost metric.
    target_ms, limit_ms : array
        What is expected of each one's response time.
    """

    p95_ms: Floats
    p99_ms: Floats
    success_rate: Floats
    throughput_per_s: Floats
    usual_per_s: Floats
    busy: Bools
    utilisation: Floats
    cost_per_task: Floats
    target_ms: Floats
    limit_ms: Floats


class Parts(NamedTuple):
    """Points of each part, 0 to 1; NaN where an agent has none."""

    response: Floats
    success: Floats
    throughput: Floats
    utilisation: Floats
    cost: Floats


def parts(policy: PerformancePolicy, m: Measured) -> Parts:
    """Return the points of each part."""
    p95 = _falling(m.p95_ms, m.target_ms, m.limit_ms)
    p99 = _falling(m.p99_ms, m.target_ms * 2.0, m.limit_ms * 2.0)
    success = (m.success_rate - policy.success_floor) / (
        policy.success_target - policy.success_floor
    )
    judged = m.busy & (m.usual_per_s > 0.0)
    usual = np.where(judged, m.usual_per_s, 1.0)
    low, high = policy.utilisation_low, policy.utilisation_high
    use = np.minimum(0.5 + 0.5 * m.utilisation / low, (1.0 - m.utilisation) / (1.0 - high))
    costs = m.cost_per_task > 0.0
    cost = policy.cost_per_task / np.where(costs, m.cost_per_task, np.nan)
    return Parts(
        response=(p95 + p99) / 2.0,
        success=np.clip(success, 0.0, 1.0),
        throughput=np.where(judged, np.clip(m.throughput_per_s / usual, 0.0, 1.0), np.nan),
        utilisation=np.clip(use, 0.0, 1.0),
        cost=np.clip(cost, 0.0, 1.0),
    )


def score(weights: PerformanceWeights, p: Parts) -> Floats:
    """Return the scores, 0 to 100; NaN where there is neither response nor success."""
    total, weight = np.zeros(len(p.response)), np.zeros(len(p.response))
    for name, points in zip(Parts._fields, p, strict=True):
        known = ~np.isnan(points)
        own: float = getattr(weights, name)
        total += np.where(known, points, 0.0) * own
        weight += known * own
    core = ~(np.isnan(p.response) & np.isnan(p.success)) & (weight > 0.0)
    return np.where(core, 100.0 * total / np.where(weight > 0.0, weight, 1.0), np.nan)


def level(policy: PerformancePolicy, scores: Floats, now: Ints) -> Ints:
    """Return the levels, as indices of `LEVELS`; `now` is -1 where there was none."""
    worst = _level(policy.levels, scores - policy.margin)
    best = _level(policy.levels, scores + policy.margin)
    return np.where(now < 0, _level(policy.levels, scores), np.clip(now, worst, best))


def _level(levels: PerformanceLevels, scores: Floats) -> Ints:
    bounds = (levels.poor, levels.fair, levels.good, levels.excellent)
    found = np.zeros(len(scores), dtype=np.int64)
    for bound in bounds:
        found += scores >= bound
    return found


def _falling(values: Floats, target: Floats, limit: Floats) -> Floats:
    points: Floats = np.clip((limit - values) / (limit - target), 0.0, 1.0)
    return points
