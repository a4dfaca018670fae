"""Who is there: heartbeats bring agents back, ticks find the silent ones."""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.columns import Floats, Ints
from processors.lifecycle.transitions import WORKING, Allowed, Status, transition
from processors.step import Emission
from processors.surveillance import gaps, thresholds
from processors.surveillance.findings import Evidence, assess, end_finding, raise_finding
from processors.surveillance.state import STATUS_CODE, STATUSES, SurveillanceState, moved

CHANNEL: Final = "presence"
_LEARN: Final = 0.2
_WORKING: Final = np.array([status in WORKING for status in STATUSES])
_COMES_BACK: Final = np.array([s in (Status.REGISTERED, Status.OFFLINE) for s in STATUSES])
_UNDECLARED: Final = -1


def heard(state: SurveillanceState, slots: Ints, now: Floats) -> None:
    """Remember when each of `slots` was heard, and learn its interval."""
    a = state.agents
    interval, last = a.interval[slots], a.last_seen[slots]
    gap = np.minimum(now - last, state.policy.surveillance.presence.maximum_silence_s)
    known = interval + _LEARN * (gap - interval)
    learnt = np.where(interval > 0.0, known, gap)
    a.interval[slots] = np.where((last > 0.0) & (gap > 0.0), learnt, interval)
    gaps.heard(a, slots, np.where(last > 0.0, gap, 0.0))
    a.last_seen[slots] = now


def declarations(state: SurveillanceState, slots: Ints, declared: Ints, at: Floats) -> Ints:
    """Return what each of `slots` declares, without what a later record has overtaken."""
    a = state.agents
    spoken = declared != _UNDECLARED
    if not bool(spoken.any()):
        return declared
    latest = a.declared_at[slots]
    news = spoken & (at >= latest)
    a.declared_at[slots] = np.where(news, at, latest)
    return np.where(news, declared, _UNDECLARED)


def returning(state: SurveillanceState, slots: Ints, declared: Ints) -> Ints:
    """Return the indices of those whose heartbeat may change their status."""
    status = state.agents.status[slots]
    differs = _WORKING[status] & (declared != _UNDECLARED) & (declared != status)
    return np.flatnonzero(_COMES_BACK[status] | differs)


def take_up(
    state: SurveillanceState, offset: int, slot: int, declared: int, at: float
) -> list[Emission]:
    """Give an agent the status that its heartbeat speaks for; its health is the caller's."""
    status = STATUSES[state.agents.status[slot]]
    wanted = Status.ACTIVE if declared == _UNDECLARED else STATUSES[declared]
    reasons = {Status.REGISTERED: "first_heartbeat", Status.OFFLINE: "heartbeat_returned"}
    answer = transition(status, wanted, reasons.get(status, "declared"))
    if not isinstance(answer, Allowed):
        return []
    emissions = [moved(state, offset, slot, answer.status, answer.reason, at)]
    return emissions + end_finding(state, offset, slot, f"{CHANNEL}/", "recovered", at)


def tick(state: SurveillanceState, offset: int) -> list[Emission]:
    """Declare offline who has been silent for too long."""
    policy = state.policy.surveillance.presence
    if state.time - state.last_tick > policy.outage_gap_s:
        state.silence_from = state.time
    state.last_tick = state.time
    a, n = state.agents, state.agents.size
    interval = np.where(a.interval[:n] > 0.0, a.interval[:n], policy.default_interval_s)
    patience = interval * policy.missed_heartbeats
    patience = np.clip(patience, policy.minimum_silence_s, policy.maximum_silence_s)
    silence = state.time - np.maximum(a.last_seen[:n], state.silence_from)
    living = (a.status[:n] >= 0) & _WORKING[a.status[:n]]
    gone = np.flatnonzero(living & (silence > patience))
    return [e for slot in gone.tolist() for e in _offline(state, offset, slot)]


def _offline(state: SurveillanceState, offset: int, slot: int) -> list[Emission]:
    at, profile = state.time, state.profile(slot)
    since = float(state.agents.last_seen[slot])
    silent = at - since
    severity = "critical" if profile.agent_type == "host" else "warning"
    summary = f"{profile.key} has not been heard from for {silent:.0f} s"
    why = Evidence("agent_offline", severity, "", None, None, None, since, summary)
    emissions = [moved(state, offset, slot, Status.OFFLINE, "heartbeat_missed", at)]
    thresholds.forget(state.series, np.array(state.series_of(slot), dtype=np.int64))
    emissions.append(raise_finding(state, offset, slot, CHANNEL, why, at))
    return emissions + assess(state, offset, slot, at)


def declared_code(status: str | None) -> int:
    """Return the code of the status that a heartbeat declares; -1 for none."""
    return _UNDECLARED if status is None else STATUS_CODE[Status(status)]
