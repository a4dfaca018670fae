"""The job that all contenders do, in plain words and plain Python.

Windows of 60 s follow each other without overlap. Of every agent and metric the mean and the sum
of squared deviations are carried from value to value (Welford); the z-score of a value is its
distance from the mean of all values before it, in their standard deviations; 0 where fewer than
two are known, or all were equal. When a window is over, it is written: the number of heartbeats,
and of each metric the mean and the largest distance. Everybody does the same operations in the
same order, so results agree to the last bit, not only to a tolerance.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import msgspec

METRICS: Final = ("cpu_usage", "memory_usage", "latency_ms", "error_rate")
WIDTH_S: Final = 60.0
BEGIN: Final = 1_700_000_040.0
"""The start of a window, seconds since the epoch."""
INTERVAL_S: Final = 15.0
"""Between two heartbeats of an agent."""


class Metrics(msgspec.Struct, gc=False):
    """The values of a heartbeat."""

    cpu_usage: float
    memory_usage: float
    latency_ms: float
    error_rate: float


class Beat(msgspec.Struct, gc=False):
    """What the job needs of a heartbeat; the rest is passed over."""

    agent_id: str
    at: float
    metrics: Metrics


class Window(NamedTuple):
    """What is written of an agent's window; the last two hold one value a metric."""

    agent: str
    start: float
    count: int
    means: list[float]
    peaks: list[float]


decode: Final = msgspec.json.Decoder(Beat).decode


def values_of(beat: Beat) -> tuple[float, float, float, float]:
    """Return the values in the order of `METRICS`."""
    m = beat.metrics
    return m.cpu_usage, m.memory_usage, m.latency_ms, m.error_rate


def blank() -> dict[str, Any]:
    """Return what is known of an agent before its first heartbeat, ready for any table."""
    return {
        "start": -1.0, "count": 0, "totals": [0.0] * 4, "peaks": [0.0] * 4,
        "seen": 0, "means": [0.0] * 4, "squares": [0.0] * 4,
    }  # fmt: skip


def fold(state: dict[str, Any], beat: Beat) -> Window | None:
    """Fold one heartbeat into `state`, in place; return the window that it ended, if any."""
    start, ended = beat.at // WIDTH_S * WIDTH_S, None
    if start > state["start"]:
        if state["count"]:
            means = [total / state["count"] for total in state["totals"]]
            peaks = list(state["peaks"])
            ended = Window(beat.agent_id, state["start"], state["count"], means, peaks)
        state |= {"start": start, "count": 0, "totals": [0.0] * 4, "peaks": [0.0] * 4}
    seen = state["seen"]
    for i, value in enumerate(values_of(beat)):
        away, squares = value - state["means"][i], state["squares"][i]
        score = abs(away) / math.sqrt(squares / seen) if seen >= 2 and squares > 0 else 0.0
        state["peaks"][i] = max(state["peaks"][i], score)
        state["totals"][i] += value
        state["means"][i] += away / (seen + 1)
        state["squares"][i] += away * (value - state["means"][i])
    state["seen"], state["count"] = seen + 1, state["count"] + 1
    return ended
