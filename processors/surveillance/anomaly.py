"""Anomalies: the detector's alarms as findings, raised, ended, and accepted as the new normal."""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.columns import Ints
from processors.detection import company
from processors.detection.agent import bar_for
from processors.detection.arithmetic import SCALAR
from processors.detection.explain import drivers, one_in
from processors.detection.fold import Promise, Seen, Told, Values, see, tell
from processors.detection.memory import accept, age_and_samples, rest
from processors.detection.standing import Turn, turn
from processors.detection.tuning import TUNING
from processors.step import Emission
from processors.surveillance import unusual
from processors.surveillance.findings import Evidence, end_finding, raise_finding
from processors.surveillance.samples import Samples
from processors.surveillance.state import SurveillanceState

CHANNEL: Final = "baseline"
RECOVERED: Final = "recovered"
Found = list[tuple[int, Emission]]


def judge(state: SurveillanceState, r: Samples) -> Found:
    """Judge the values of a round; return what follows, with the record that it follows from."""
    policy = state.policy.surveillance.detector
    judged = np.flatnonzero(state.series.judged[r.series])
    if not policy.enabled or not len(judged):
        return []
    v = _values(r, judged)
    per_week = policy.false_alarms_per_agent_week
    seen = see(TUNING, state.series, v)
    told = tell(TUNING, state.agents, v, seen, Promise(per_week, bar_for(SCALAR, per_week)))
    since = state.agents.alarm_since[v.agent]
    turns = turn(since, v.at, told.alarm, told.lasts, policy.accept_after_s)
    return _follows(state, r, v, seen, told, turns)


def _values(r: Samples, judged: Ints) -> Values:
    return Values(r.series[judged], r.value[judged], r.record[judged], r.slot, r.at)


def _follows(
    state: SurveillanceState,
    r: Samples,
    v: Values,
    seen: Seen,
    told: Told,
    turns: Turn,
) -> Found:
    found: Found = []
    for record in np.flatnonzero(turns.begins).tolist():
        found.append((record, _raised(state, r, v, seen, told, record)))
    for record in np.flatnonzero(turns.ends).tolist():
        slot, offset, now = int(r.slot[record]), int(r.offset[record]), float(r.now[record])
        reason = "new_normal" if turns.accepted[record] else RECOVERED
        found += [(record, e) for e in calm(state, offset, slot, reason, now)]
    return found


def _raised(
    state: SurveillanceState, r: Samples, v: Values, seen: Seen, told: Told, record: int
) -> Emission:
    slot, at = int(r.slot[record]), float(r.at[record])
    state.agents.alarm_since[slot] = at
    values = drivers(TUNING, seen, v.record == record)
    rows = v.series[values].tolist()
    names = [state.metric_names[state.series.metric[row]] for row in rows]
    shown, rare = v.value[values].tolist(), one_in(float(told.rarity[record]))
    key = state.profile(slot).key
    summary, low, high = unusual.told(state.series, v.series[values], shown, names, key, at, rare)
    value = shown[0]
    why = Evidence(
        "anomaly", "warning", names[0], value, low, high, at, summary, tuple(names), one_in=rare
    )
    return raise_finding(state, int(r.offset[record]), slot, CHANNEL, why, float(r.now[record]))


def calm(
    state: SurveillanceState, offset: int, slot: int, reason: str, at: float
) -> list[Emission]:
    """End the anomaly of an agent; where it is accepted, what is now is learnt as usual."""
    state.agents.alarm_since[slot] = np.inf
    if reason != RECOVERED:
        rest(state.agents, slot)
    if reason == "new_normal":
        rows = np.array(state.series_of(slot), dtype=np.int64)
        own = rows[state.series.judged[rows]]
        accept(state.series, own, at)
        company.accept(state.series, own, age_and_samples(state.series, own)[0])
    opened = sorted(state.findings.get(slot, {}))
    names = [name for name in opened if name.startswith(f"{CHANNEL}/")]
    return [e for name in names for e in end_finding(state, offset, slot, name, reason, at)]
