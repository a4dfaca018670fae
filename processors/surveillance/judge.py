"""Heartbeats folded by vectors: the k-th records of all agents of a batch are one round."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from processors.columns import Bools
from processors.step import Emission
from processors.surveillance import (
    anomaly,
    performance,
    presence,
    threats,
    thresholds,
    windows,
)
from processors.surveillance.findings import (
    Evidence,
    assess,
    change_finding,
    end_finding,
    raise_finding,
)
from processors.surveillance.samples import Samples, rounds
from processors.surveillance.state import SurveillanceState

LIMITS: Final = "threshold"


def fold(state: SurveillanceState, samples: Samples) -> list[Emission]:
    """Fold a batch; return what follows, in the order of rounds."""
    return [emission for part in rounds(samples) for emission in _round(state, part)]


def _round(state: SurveillanceState, r: Samples) -> list[Emission]:
    emissions: list[Emission] = []
    presence.heard(state, r.slot, r.now)
    declared = presence.declarations(state, r.slot, r.declared, r.at)
    touched: set[int] = set()
    for i in presence.returning(state, r.slot, declared).tolist():
        offset, slot = int(r.offset[i]), int(r.slot[i])
        moved = presence.take_up(state, offset, slot, int(declared[i]), float(r.now[i]))
        emissions += moved
        touched.update([i] if moved else [])
    r = _news(r, windows.add(state.series, r.series, r.value, r.at[r.record]))
    performance.observe(state, r)
    touched |= _failures(state, r)
    for judge in (_limits, anomaly.judge, partial(threats.judge, before=emissions)):
        found = judge(state, r)
        emissions += [emission for _, emission in found]
        touched.update(i for i, _ in found)
    for i in sorted(touched):
        emissions += assess(state, int(r.offset[i]), int(r.slot[i]), float(r.now[i]))
    return emissions


def _news(r: Samples, news: Bools) -> Samples:
    if bool(news.all()):
        return r
    return r._replace(value=r.value[news], series=r.series[news], record=r.record[news])


def _failures(state: SurveillanceState, r: Samples) -> set[int]:
    """Count checks that failed in a row, by the metric ``up``."""
    metric = state.metrics.get("up")
    if metric is None:
        return set()
    where = np.flatnonzero(state.series.metric[r.series] == metric)
    records, failures = r.record[where], state.agents.failures
    slots, down = r.slot[records], r.value[where] < 1.0
    before = failures[slots]
    failures[slots] = np.where(down, before + 1, 0)
    return set(records[failures[slots] != before].tolist())


def _limits(state: SurveillanceState, r: Samples) -> list[tuple[int, Emission]]:
    c, rules = state.series, state.rules
    ruled = np.flatnonzero(c.rule[r.series] >= 0)
    series, records = r.series[ruled], r.record[ruled]
    before = c.level[series]
    moved, wakes = thresholds.observe(rules, c, series, r.value[ruled], r.now[records])
    found = []
    for i in moved.tolist():
        record, row = int(records[i]), int(series[i])
        offset, now, value = int(r.offset[record]), float(r.now[record]), float(r.value[ruled[i]])
        found += [(record, e) for e in level_moved(state, offset, row, int(before[i]), value, now)]
    state.pending_from = min(state.pending_from, wakes)
    return found


def level_moved(
    state: SurveillanceState, offset: int, row: int, before: int, value: float, at: float
) -> list[Emission]:
    """Return the finding that a threshold's new level raises, changes or ends."""
    c = state.series
    slot, metric = int(c.slot[row]), state.metric_names[c.metric[row]]
    level = int(c.level[row])
    if level == 0:
        return end_finding(state, offset, slot, f"{LIMITS}/{metric}", "recovered", at)
    rule = state.rules.rules[int(c.rule[row])]
    severity = thresholds.LEVELS[level]
    limit = rule.critical if level == 2 else rule.warning
    side = "at or above" if rule.above else "at or below"
    if rule.critical == rule.clear:
        side, limit = "below" if not rule.above else "above", rule.clear
    key = state.profile(slot).key
    unit = f" {rule.unit}" if rule.unit else ""
    summary = f"{metric} of {key} is {value:g}{unit}, {side} {limit:g} ({severity})"
    low, high = (None, rule.clear) if rule.above else (rule.clear, None)
    began = c.critical_since[row] if level == 2 else c.warning_since[row]
    since = float(min(began, at))
    why = Evidence(rule.kind, severity, metric, value, low, high, since, summary)
    act = raise_finding if before == 0 else change_finding
    return [act(state, offset, slot, LIMITS, why, at)]
