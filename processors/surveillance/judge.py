"""Heartbeats folded by vectors: the k-th records of all agents of a batch are one round.

Within a round every agent, and so every series, occurs once. State thus advances for each agent
in the order of its records, however the log was cut into fetches.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from processors.step import Emission
from processors.surveillance import detector, presence, thresholds, windows
from processors.surveillance.columns import Bools, Floats, Ints
from processors.surveillance.findings import (
    Evidence,
    assess,
    change_finding,
    end_finding,
    raise_finding,
)
from processors.surveillance.state import SurveillanceState

LIMITS, BASELINE = "threshold", "baseline"


class Samples(NamedTuple):
    """Records of one batch by columns, and their values by columns.

    `record` says to which record a value belongs; `first` marks where each record's values
    begin.
    """

    offset: Ints
    slot: Ints
    now: Floats
    at: Floats
    declared: Ints
    value: Floats
    series: Ints
    record: Ints

    def only(self, keep: Bools) -> Samples:
        """Return the records that `keep` marks, with their values."""
        values = keep[self.record]
        renumbered = np.cumsum(keep) - 1
        return Samples(
            offset=self.offset[keep],
            slot=self.slot[keep],
            now=self.now[keep],
            at=self.at[keep],
            declared=self.declared[keep],
            value=self.value[values],
            series=self.series[values],
            record=renumbered[self.record[values]],
        )


def rounds(samples: Samples) -> Iterator[Samples]:
    """Yield the records of `samples`, each agent at most once a round."""
    order = np.argsort(samples.slot, kind="stable")
    slots = samples.slot[order]
    starts = np.flatnonzero(np.diff(slots, prepend=-1))
    lengths = np.diff(starts, append=len(slots))
    turn = np.empty(len(slots), dtype=np.int64)
    turn[order] = np.arange(len(slots)) - np.repeat(starts, lengths)
    last = int(lengths.max(initial=0))
    if last == 1:
        yield samples
        return
    yield from _slices(samples, turn, last)


def _slices(samples: Samples, turn: Ints, last: int) -> Iterator[Samples]:
    """Sort everything by its turn once, then cut: linear in the batch, whoever sends how much."""
    records = np.argsort(turn, kind="stable")
    of_value = turn[samples.record]
    values = np.argsort(of_value, kind="stable")
    record_cut = np.searchsorted(turn[records], np.arange(last + 1)).tolist()
    value_cut = np.searchsorted(of_value[values], np.arange(last + 1)).tolist()
    number = np.empty(len(records), dtype=np.int64)
    number[records] = np.arange(len(records))
    columns = [column[records] for column in samples[:5]]
    value, series = samples.value[values], samples.series[values]
    record = number[samples.record[values]]
    for k in range(last):
        own, held = slice(*record_cut[k : k + 2]), slice(*value_cut[k : k + 2])
        offset, slot, now, at, declared = (column[own] for column in columns)
        renumbered = record[held] - record_cut[k]
        yield Samples(
            offset.astype(np.int64),
            slot.astype(np.int64),
            now.astype(np.float64),
            at.astype(np.float64),
            declared.astype(np.int64),
            value[held],
            series[held],
            renumbered,
        )


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
    touched |= _failures(state, r)
    for found in (_limits(state, r), _baseline(state, r)):
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


def _baseline(state: SurveillanceState, r: Samples) -> list[tuple[int, Emission]]:
    if not state.policy.surveillance.detector.enabled:
        return []
    judged = np.flatnonzero(state.series.judged[r.series])
    series = r.series[judged]
    verdict = state.detector.observe(state.series, series, r.value[judged], r.now[r.record[judged]])
    found: list[tuple[int, Emission]] = []
    for i in verdict.raised.tolist():
        record = int(r.record[judged[i]])
        found.append((record, _anomaly(state, r, int(judged[i]), verdict, i)))
    for ended, reason in ((verdict.recovered, "recovered"), (verdict.new_normal, "new_normal")):
        for i in ended.tolist():
            found += _calm(state, r, int(judged[i]), reason)
    return found


def _anomaly(
    state: SurveillanceState, r: Samples, index: int, verdict: detector.Judged, i: int
) -> Emission:
    c, row, record = state.series, int(r.series[index]), int(r.record[index])
    slot, metric = int(c.slot[row]), state.metric_names[c.metric[row]]
    low, high, value = float(verdict.low[i]), float(verdict.high[i]), float(r.value[index])
    key = state.profile(slot).key
    summary = f"{metric} of {key} is {value:g}, outside of {low:g} to {high:g} that is usual"
    since = float(c.deviating_since[row])
    why = Evidence("anomaly", "warning", metric, value, low, high, since, summary)
    offset, now = int(r.offset[record]), float(r.now[record])
    return raise_finding(state, offset, slot, BASELINE, why, now)


def _calm(
    state: SurveillanceState, r: Samples, index: int, reason: str
) -> list[tuple[int, Emission]]:
    c, row, record = state.series, int(r.series[index]), int(r.record[index])
    name = f"{BASELINE}/{state.metric_names[c.metric[row]]}"
    slot, offset, now = int(c.slot[row]), int(r.offset[record]), float(r.now[record])
    return [(record, e) for e in end_finding(state, offset, slot, name, reason, now)]
