"""When to try again, and with what: never a storm, never silence.

The first try is immediate, and so is the second. Each further failure in a row doubles the pause,
up to a cap at which tries go on for ever. After `same_fix_tries` ineffective tries of one fix the
next strategy has its turn; when every strategy has had it, the first is probed again.
A fix has worked only when its finding stays away, the longer the more tries it took; so a service
that starts and dies again at once counts as failing.
"""

from __future__ import annotations

from config.policy import LimitsPolicy
from processors.decision.state import Target


def pause_s(failures: int, limits: LimitsPolicy) -> float:
    """Return the pause before the next try after `failures` in a row, in seconds.

    Capped exponential backoff, by multiplication alone: a power differs between processors.

    Examples
    --------
    >>> [pause_s(n, LimitsPolicy()) for n in (0, 1, 2, 3, 4, 1_000_000)]
    [0.0, 0.0, 2.0, 4.0, 8.0, 300.0]
    """
    if failures < 2:
        return 0.0
    pause = limits.backoff_base_s
    for _ in range(min(failures - 2, 64)):
        if pause >= limits.backoff_cap_s:
            break
        pause *= limits.backoff_factor
    return min(pause, limits.backoff_cap_s)


def stability_s(failures: int, limits: LimitsPolicy) -> float:
    """Return how long a finding must stay away after a fix that took `failures` tries before it.

    Examples
    --------
    >>> [stability_s(n, LimitsPolicy()) for n in (0, 1, 100)]
    [10.0, 20.0, 300.0]
    """
    return min(limits.stable_after_s * (failures + 1), limits.backoff_cap_s)


def rounds(target: Target, action: str, limits: LimitsPolicy) -> int:
    """Return how often `action` has used up its turn since the last recovery."""
    return target.tries.get(action, 0) // max(1, limits.same_fix_tries)
