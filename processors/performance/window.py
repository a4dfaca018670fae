"""What a closing window holds of each metric, and how it is brought into one order."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from config.performance import PerformancePolicy
from processors.columns import Floats, Ints


class Window(NamedTuple):
    """One metric in the window that closes: of which slots, their means and last values."""

    slots: Ints
    mean: Floats
    last: Floats


class Closing(NamedTuple):
    """A window that closes.

    Parameters
    ----------
    policy : PerformancePolicy
        What is expected.
    version : int
        The version of the whole policy.
    width_s : float
        The window's width in seconds.
    window : callable
        Returns what it holds of a metric.
    types : callable
        Returns the types of the agents in some slots.
    """

    policy: PerformancePolicy
    version: int
    width_s: float
    window: Callable[[str], Window]
    types: Callable[[list[int]], list[str]]

    def bounds(self, slots: Ints) -> tuple[Floats, Floats]:
        """Return target and limit of the response time of each agent, in ms."""
        usual, special = self.policy.response, self.policy.response_of_types
        target, limit = np.full(len(slots), usual.target_ms), np.full(len(slots), usual.limit_ms)
        kinds = self.types(slots.tolist()) if special else []
        for i in [i for i, kind in enumerate(kinds) if kind in special]:
            own = special[kinds[i]]
            target[i], limit[i] = own.target_ms, own.limit_ms
        return target, limit


def means(slots: Ints, found: Window) -> Floats:
    """Return the means of `slots`, which ascend; NaN where there is none."""
    return aligned(slots, found.slots, found.mean)


def aligned(slots: Ints, of: Ints, values: Floats) -> Floats:
    """Return the values of `slots`, which ascend; NaN where there is none."""
    found = np.full(len(slots), np.nan)
    place = np.minimum(np.searchsorted(slots, of), len(slots) - 1)
    known = slots[place] == of
    found[place[known]] = values[known]
    return found
