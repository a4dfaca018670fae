"""Times of which nothing was heard, not even a tick: a machine slept, or its clock was set ahead.

After so long with ticks every agent would have been offline, and silence holds no level: what was
pending is not taken to have held, as nobody has seen it.
"""

from __future__ import annotations

import numpy as np

from processors.surveillance import thresholds
from processors.surveillance.state import SurveillanceState


def is_one(state: SurveillanceState, now: float) -> bool:
    """Say whether the step's time, which goes on to `now`, leaves out too much."""
    longest_s = state.policy.surveillance.presence.maximum_silence_s
    return 0.0 < state.time < now - longest_s


def pass_over(state: SurveillanceState) -> None:
    """End what is pending of every agent; what was told stays."""
    thresholds.forget(state.series, np.arange(state.series.size))
    state.pending_from = np.inf
    state.security.watches.interrupt()
