"""Clocks that are wrong: what senders say of the time, against when it reached the log.

Of all heartbeats of a window the one that is least late tells most of its sender's clock: what it
is late by is the way that it came and the clock together, and the way is never negative. So a
heartbeat from the future needs no second opinion but that of the next windows. One from the past
may only be late: what was buffered comes in bursts, and each is less late than the one before,
while a clock that is behind stays behind by as much. The usual way of an agent (a relay, a batch
every half a minute) is learnt, up to a minute.

It fails where an agent sends no time of its own, within the first minute that a clock is behind
from an agent's first day on, and where a clock is so wrong that the policy refuses its records.
Where all agents are off by as much, the clock that is wrong is the broker's.

Source: Mills, "Improved algorithms for synchronizing computer network clocks" (1995), for the
sample of least delay.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.columns import Bools, Floats, Ints
from processors.step import Emission
from processors.surveillance.findings import Evidence
from processors.surveillance.samples import Samples
from processors.surveillance.state import SurveillanceState
from processors.surveillance.telling import Telling, span

CHANNEL: Final = "clock"
KIND: Final = "clock_skew"
FURTHEST_S: Final = 1e9
"""Nobody asks by how much more than thirty years a clock is wrong."""
TURNED_S: Final = 5.0
"""Only a clock that was set back takes a record so long before the time that was told already."""
_WAY_S: Final = 60.0
_SHORTER, _LONGER = 0.2, 0.02
_AHEAD, _BEHIND = 3, 10
"""Windows in a row that a clock is off: a delay explains the second, and nothing the first."""
_RIGHT: Final = -2
_MOST: Final = 100
_DRAINED: Final = 0.1
_ZONE_S: Final = 900.0


def heard(
    state: SurveillanceState, samples: Samples, stamped: Floats, beyond: dict[int, float]
) -> None:
    """Keep of each agent by how much its clock was ahead of the log's, at most, in this window.

    Parameters
    ----------
    stamped : array
        When each record reached the log.
    beyond : dict
        The same in seconds, by offset, for records whose own time was not believed.
    """
    ahead = samples.at - np.where(samples.now - stamped > TURNED_S, samples.now, stamped)
    for offset, seconds in beyond.items():
        place = int(np.searchsorted(samples.offset, offset))
        if place < len(ahead) and samples.offset[place] == offset:
            ahead[place] = seconds
    np.maximum.at(state.agents.ahead, samples.slot, ahead.astype(np.float32))


def is_believed(state: SurveillanceState, at: float, stamped: float) -> bool:
    """Say whether the policy believes a sender that `at` is when it measured what came then."""
    clock = state.policy.surveillance.clock
    return -clock.past_tolerance_s <= at - stamped <= clock.future_tolerance_s


def in_log_time(time: float, at: float, stamped: float) -> float:
    """Return when something was measured by the step's time, which may be ahead of the broker's.

    Else all that is measured after a clock was set back would count as older than what was before.

    Parameters
    ----------
    time, at, stamped : float
        The step's time, when it was measured, and when it reached the log.
    """
    late = time - stamped
    if late <= TURNED_S:
        return at
    # What is live keeps its order: the step's time stands still between ticks.
    return time if stamped - at <= TURNED_S else at + late


def close(state: SurveillanceState, offset: int) -> list[Emission]:
    """Judge the clocks of those who were heard in the window that closes."""
    a, limit = state.agents, state.policy.surveillance.clock.skew_limit_s
    slots = np.flatnonzero(a.ahead[: a.size] > -np.inf)
    ahead = a.ahead[slots].astype(np.float64)
    a.ahead[slots] = -np.inf
    way = a.way[slots].astype(np.float64)
    way = np.where(np.isnan(way), ahead.clip(-_WAY_S, 0.0), way)
    fast, slow = ahead > np.maximum(way, 0.0) + limit, ahead < np.minimum(way, 0.0) - limit
    near = np.abs(ahead - ahead.clip(np.minimum(way, 0.0), np.maximum(way, 0.0))) <= 0.5 * limit
    _count(state, slots, ahead, fast, slow, near)
    learns = ~fast & ~slow & (way >= -_WAY_S) & (way <= 0.0)
    towards = ahead.clip(-_WAY_S, 0.0) - way
    learnt = way + np.where(towards > 0.0, _SHORTER, _LONGER) * towards
    a.way[slots] = np.where(learns, learnt, way)
    return _told(state, offset, slots, fast)


def _count(
    state: SurveillanceState, slots: Ints, ahead: Floats, fast: Bools, slow: Bools, near: Bools
) -> None:
    """Count the windows in which a clock is off by as much, and below zero those in which not."""
    a, limit = state.agents, state.policy.surveillance.clock.skew_limit_s
    run, held = a.off_windows[slots].astype(np.int64), a.off_by[slots].astype(np.float64)
    off = fast | slow
    catches_up = slow & (ahead > held + np.maximum(limit, _DRAINED * np.abs(held)))
    goes_on = off & (run > 0) & (fast == (held > 0.0)) & ~catches_up
    right = np.where(near, np.maximum(np.minimum(run, 0) - 1, -_MOST), np.minimum(run, 0))
    counted = np.where(goes_on, np.minimum(run + 1, _MOST), np.where(off, 1, right))
    a.off_windows[slots] = counted
    a.off_by[slots] = np.where(goes_on & slow, np.maximum(held, ahead), np.where(off, ahead, held))
    a.off_since[slots] = np.where(goes_on, a.off_since[slots], state.window_start)


def _told(state: SurveillanceState, offset: int, slots: Ints, fast: Bools) -> list[Emission]:
    a, told = state.agents, Telling(state, offset)
    run, opened = a.off_windows[slots], a.clock_off[slots]
    lasted = state.time - a.off_since[slots]
    begins = ~opened & (run >= np.where(fast, _AHEAD, _BEHIND))
    begins &= lasted >= state.policy.surveillance.clock.skew_duration_s
    for slot in slots[begins].tolist():
        told.raises_of_agent(slot, CHANNEL, _evidence(state, slot))
    over = opened & (run <= _RIGHT)
    for slot in slots[over].tolist():
        told.ends_of_agent(slot, CHANNEL, "recovered")
    a.clock_off[slots] = (opened | begins) & ~over
    return told.assessed()


def _evidence(state: SurveillanceState, slot: int) -> Evidence:
    a, limit = state.agents, state.policy.surveillance.clock.skew_limit_s
    off, way = round(float(a.off_by[slot]), 1), float(a.way[slot])
    side = "ahead of" if off > 0.0 else "behind"
    summary = f"the clock of {state.profile(slot).key} is {span(abs(off))} {side} the log's"
    zones = abs(off) / _ZONE_S
    if zones >= 0.5 and abs(zones - round(zones)) * _ZONE_S <= limit:
        summary += "; by so much time zones differ: it may send local time for UTC"
    low, high = min(way, 0.0) - limit, max(way, 0.0) + limit
    since = float(a.off_since[slot])
    return Evidence(KIND, "warning", "", off, round(low, 1), round(high, 1), since, summary)


def accept(state: SurveillanceState, slot: int) -> None:
    """Take what an agent's clock is off by for its usual way."""
    a = state.agents
    a.way[slot], a.clock_off[slot], a.off_windows[slot] = a.off_by[slot], False, 0
