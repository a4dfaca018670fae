"""What outcomes teach: success probability and improvement per action and kind of target.

A Beta prior, counted up by outcomes, gives the success probability; the improvement is the prior
figure and the realised ones, the prior weighing as much as its own Beta counts. Both are sums, so
the order in which outcomes arrive does not matter.
"""

from __future__ import annotations

from config.policy import ActionPolicy
from processors.decision.state import Attempt, DecisionState, Learnt


def record_key(action: str, agent_type: str) -> str:
    """Return the key of an action's record on a kind of target."""
    return f"{action}|{agent_type}"


def success_probability(prior: ActionPolicy, learnt: Learnt) -> float:
    """Return the mean of the Beta distribution of success.

    Examples
    --------
    >>> success_probability(ActionPolicy(success_prior=(9, 1)), Learnt())
    0.9
    >>> success_probability(ActionPolicy(success_prior=(9, 1)), Learnt(failures=8))
    0.5
    """
    successes = prior.success_prior[0] + learnt.successes
    failures = prior.success_prior[1] + learnt.failures
    return successes / (successes + failures)


def improvement(prior: ActionPolicy, learnt: Learnt) -> float:
    """Return the share of the deviation that a success is expected to remove, 0-1."""
    weight = prior.success_prior[0] + prior.success_prior[1]
    return (prior.improvement * weight + learnt.improvement_sum) / (weight + learnt.successes)


def learn(
    state: DecisionState, attempt: Attempt, *, held: bool, improved: float, duration_s: float
) -> None:
    """Count the outcome of `attempt` in place."""
    learnt = state.learnt.setdefault(record_key(attempt.action, attempt.agent_type), Learnt())
    learnt.predicted_sum += attempt.predicted
    error = attempt.predicted - (1.0 if held else 0.0)
    learnt.squared_error_sum += error * error
    if held:
        learnt.successes += 1
        learnt.improvement_sum += improved
        learnt.duration_sum_s += duration_s
    else:
        learnt.failures += 1
