"""Performance: response times as they come, everything else when a window closes."""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.performance.state import RESPONSE
from processors.performance.window import Closing, Window
from processors.step import Emission
from processors.surveillance.samples import Samples
from processors.surveillance.state import SurveillanceState, fact

_NONE: Final = Window(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))


def observe(state: SurveillanceState, r: Samples) -> None:
    """Fold the response times of a round, in which each agent occurs once."""
    metric = state.metrics.get(RESPONSE)
    if metric is None or not state.policy.surveillance.performance.enabled:
        return
    where = np.flatnonzero(state.series.metric[r.series] == metric)
    if len(where):
        state.performance.respond(r.slot[r.record[where]], r.value[where])


def close(state: SurveillanceState, offset: int) -> list[Emission]:
    """Score the window that closes, which still holds its values."""
    policy = state.policy.surveillance
    if not policy.performance.enabled:
        return []
    closing = Closing(
        policy=policy.performance,
        version=state.policy.version,
        width_s=policy.window_s,
        window=lambda metric: _window(state, metric),
        types=lambda slots: [state.profile(slot).agent_type for slot in slots],
    )
    told = state.performance.close(closing)
    return [fact(state, offset, slot, data, state.time) for slot, data in told]


def _window(state: SurveillanceState, metric: str) -> Window:
    number, c = state.metrics.get(metric), state.series
    if number is None:
        return _NONE
    rows = np.flatnonzero((c.metric[: c.size] == number) & (c.count[: c.size] > 0))
    mean = c.total[rows] / c.count[rows]
    return Window(c.slot[rows].astype(np.int64), mean, c.last[rows])
