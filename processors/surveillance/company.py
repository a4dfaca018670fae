"""Metrics that no longer go with the others of their agent, told once a window.

One finding an agent, and none while its anomaly stands: who is known to be anomalous needs no
second word. Nothing is learnt while it lasts. While an anomaly does all is, or what the detector
takes for one night after night, a job perhaps, would never be known here.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.columns import Bools, Floats, Ints
from processors.detection import company
from processors.detection.company import Company
from processors.detection.fold import BLOCK
from processors.detection.memory import age_and_samples
from processors.step import Emission
from processors.surveillance import units
from processors.surveillance.anomaly import CHANNEL as ANOMALY
from processors.surveillance.findings import Evidence
from processors.surveillance.state import SurveillanceState, series_of
from processors.surveillance.telling import Telling

CHANNEL: Final = "company"
KIND: Final = "decoupled"
ALONE: Final = 8
"""The bit of it in `told`; see `processors.surveillance.courses.went`."""
_DRIVERS: Final = 3
_AS_STRONG: Final = 0.5
_LATELY_S: Final = 1200.0


def close(state: SurveillanceState, offset: int) -> list[Emission]:
    """Judge the window that closes, which still holds its values."""
    c, policy = state.series, state.policy.surveillance
    if not policy.detector.enabled:
        return []
    rows = np.flatnonzero((c.count[: c.size] > 0) & c.judged[: c.size])
    if not len(rows):
        return []
    slots = c.slot[rows].astype(np.int64)
    mean = c.total[rows] / c.count[rows]
    dt = np.maximum(state.agents.interval[slots], policy.window_s)
    blocks = [slice(first, first + BLOCK) for first in range(0, len(rows), BLOCK)]
    for some in blocks:
        company.take(c, rows[some], mean[some], dt[some])
    age, _ = age_and_samples(c, rows)
    others = company.hear(c, rows, slots, age, blocks)
    opened = (c.told[rows] & ALONE) > 0
    held = np.zeros(state.agents.size, dtype=np.bool_)
    held[slots[opened]] = True
    seen = [
        company.judge(c, rows[s], others.only(s), age[s], dt[s], held[slots[s]], state.window_start)
        for s in blocks
    ]
    whole = Company(*(np.concatenate(column) for column in zip(*seen, strict=True)))
    quiet = held | np.isfinite(state.agents.alarm_since[: state.agents.size])
    return _told(state, offset, rows, mean, whole, quiet)


def _told(
    state: SurveillanceState, offset: int, rows: Ints, mean: Floats, seen: Company, quiet: Bools
) -> list[Emission]:
    told, c = Telling(state, offset), state.series
    opened = (c.told[rows] & ALONE) > 0
    back = rows[opened & seen.back]
    for row in back.tolist():
        company.widen(c, _judged(state, int(c.slot[row])))
    told.ends(back, ALONE, CHANNEL, "recovered")
    accepted = told.old(rows[opened & ~seen.back], CHANNEL)
    for row in accepted.tolist():
        accept(state, int(c.slot[row]))
    told.ends(accepted, ALONE, CHANNEL, "new_normal")
    marked = np.flatnonzero((c.told[: c.size] & ALONE) > 0)
    told.ends(told.old(marked[c.count[marked] == 0], CHANNEL), ALONE, CHANNEL, "quiet")
    _renamed(told, rows, mean, seen)
    alone: dict[int, list[int]] = {}
    for i in np.flatnonzero(seen.alone & ~quiet[c.slot[rows]]).tolist():
        alone.setdefault(int(c.slot[rows[i]]), []).append(i)
    for slot, places in sorted(alone.items()):
        places.sort(key=lambda i: (-abs(float(seen.left[i])), i))
        first = int(rows[places[0]])
        if f"threshold/{told.names(first)[0]}" not in state.findings.get(slot, {}):
            why = _evidence(told, rows, float(mean[places[0]]), seen, places)
            told.raises(first, ALONE, CHANNEL, why)
    return told.assessed()


def _evidence(
    told: Telling, rows: Ints, value: float, seen: Company, places: list[int]
) -> Evidence:
    first, state = places[0], told.state
    least = _AS_STRONG * abs(float(seen.left[first]))
    strong = [i for i in places if abs(float(seen.left[i])) >= least][:_DRIVERS]
    names = [told.names(int(rows[i]))[0] for i in strong]
    since = state.time - _LATELY_S
    return _why(told, rows, value, seen, first, since, tuple(names))


def _renamed(told: Telling, rows: Ints, mean: Floats, seen: Company) -> None:
    """Say of anomalies whose metric only has another unit that it has."""
    for slot, name, finding in told.opened(ANOMALY):
        place = int(np.searchsorted(rows, series_of(told.state, slot, finding.metric)))
        found = place < len(rows) and told.names(int(rows[place]))[0] == finding.metric
        if not found or finding.kind == units.KIND or not bool(seen.known[place]):
            continue
        value, only = float(mean[place]), (finding.metric,)
        why = _why(told, rows, value, seen, place, finding.since, only)
        if why.kind == units.KIND:
            told.replaces(slot, name, ANOMALY, why)


def _why(
    told: Telling,
    rows: Ints,
    value: float,
    seen: Company,
    i: int,
    since: float,
    drivers: tuple[str, ...],
) -> Evidence:
    metric, key = told.names(int(rows[i]))
    forecast, reach = float(seen.forecast[i]), float(seen.reach[i])
    low, high = forecast - reach, forecast + reach
    kind, means = KIND, "it no longer goes with them"
    if factor := units.changed(value, forecast, reach):
        kind, means = units.KIND, f"its unit seems to have changed by a factor of {factor:.3g}"
    summary = (
        f"{metric} of {key} is {value:.4g}, where its other metrics say {low:.4g} to {high:.4g}:"
        f" {means}"
    )
    return Evidence(kind, "warning", metric, value, low, high, since, summary, drivers)


def end(state: SurveillanceState, offset: int, rows: Ints, reason: str) -> list[Emission]:
    """End what was told of the series in `rows`."""
    told = Telling(state, offset)
    told.ends(rows[(state.series.told[rows] & ALONE) > 0], ALONE, CHANNEL, reason)
    return told.assessed()


def accept(state: SurveillanceState, slot: int) -> None:
    """Take how the metrics of an agent stand to each other for usual."""
    rows = _judged(state, slot)
    company.accept(state.series, rows, age_and_samples(state.series, rows)[0])


def _judged(state: SurveillanceState, slot: int) -> Ints:
    rows = np.array(state.series_of(slot), dtype=np.int64)
    return rows[state.series.judged[rows]]
