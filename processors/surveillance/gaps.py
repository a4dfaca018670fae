"""Heartbeats that get lost: gaps in what an agent sends, while it is still there.

The pace of an agent is learnt from its own gaps, of which long ones teach little; a gap of n paces
has lost n - 1 heartbeats. What an agent usually loses, one that speaks when it has something to
say included, is learnt too, and only more than that is told.

It fails where an agent changes its pace: until the new gaps are seen to be regular (some twenty
heartbeats) they count as losses.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.columns import Floats, Ints
from processors.lifecycle.transitions import WORKING
from processors.surveillance import telling
from processors.surveillance.columns import AgentColumns
from processors.surveillance.findings import Evidence
from processors.surveillance.state import STATUSES, SurveillanceState

CHANNEL: Final = "gaps"
_WORKING: Final = np.array([status in WORKING for status in STATUSES])
_MOST: Final = 3
_KEPT: Final = np.array([1.0, 0.95, 0.9025, 0.857375])
"""0.95 to the power of the heartbeats that were lost."""
_HABIT: Final = 0.005
_PACE: Final = 0.02
_JITTER: Final = 0.1
_REGULAR: Final = 0.1
_MORE: Final = 0.2
_LESS: Final = 0.05


def heard(a: AgentColumns, slots: Ints, gap: Floats) -> None:
    """Learn from the seconds since the heartbeat before; 0 where it is the first."""
    pace, interval = a.pace[slots].astype(np.float64), a.interval[slots]
    lost, usual = a.lost[slots].astype(np.float64), a.usually_lost[slots].astype(np.float64)
    jitter = a.jitter[slots].astype(np.float64)
    known = (pace > 0.0) & (gap > 0.25 * pace)
    paces = np.where(known, gap / np.where(known, pace, 1.0), 1.0)
    missed = np.clip(np.floor(paces + 0.5) - 1.0, 0.0, _MOST).astype(np.int64)
    lost = 1.0 - (1.0 - lost * 0.95) * _KEPT[missed]
    off = np.abs(gap - interval) / np.where(interval > 0.0, interval, 1.0)
    jitter = np.where(known, jitter + _JITTER * (np.minimum(off, 1.0) - jitter), jitter)
    slow = pace + _PACE * (np.minimum(gap, 1.2 * pace) - pace)
    learnt = np.where(jitter < _REGULAR, interval, np.where(known, slow, pace))
    a.pace[slots] = np.where(pace > 0.0, learnt, gap)
    a.lost[slots], a.jitter[slots] = lost, jitter
    a.usually_lost[slots] = usual + _HABIT * (lost - usual)


def judge(state: SurveillanceState, told: telling.Telling) -> None:
    """Tell which agents lose heartbeats of late, and which do no longer."""
    a = state.agents
    slots = np.flatnonzero(a.status[: a.size] >= 0)
    lost = a.lost[slots].astype(np.float64)
    usual = a.usually_lost[slots].astype(np.float64)
    opened = a.losing[slots]
    begins = ~opened & _WORKING[a.status[slots]] & (lost >= usual + _MORE)
    for slot in slots[begins].tolist():
        told.raises_of_agent(slot, CHANNEL, _evidence(state, slot))
    over = opened & (lost < usual + _LESS)
    for slot in slots[over].tolist():
        used_to = float(a.lost[slot]) >= _MORE
        told.ends_of_agent(slot, CHANNEL, "new_normal" if used_to else "recovered")
    a.losing[slots] = (opened | begins) & ~over


def _evidence(state: SurveillanceState, slot: int) -> Evidence:
    a, at = state.agents, state.time
    lost, usual, pace = float(a.lost[slot]), float(a.usually_lost[slot]), float(a.pace[slot])
    summary = (
        f"{state.profile(slot).key} reports every {pace:.3g} s, and {100 * lost:.0f} % of that is"
        f" missing of late, where {100 * usual:.0f} % is usual"
    )
    return Evidence("heartbeat_gap", "warning", "", lost, 0.0, usual, at, summary)
