"""Anomalies that stay where they went: the level has shifted."""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.detection.explain import noise, ranges
from processors.detection.tuning import TUNING
from processors.surveillance.anomaly import CHANNEL as BASELINE
from processors.surveillance.courses.went import CLIMBS, Went, Window
from processors.surveillance.findings import Evidence
from processors.surveillance.state import SurveillanceState, series_of
from processors.surveillance.telling import Telling

_SETTLED_AFTER: Final = 15
_SETTLED: Final = 1.5


def judge(state: SurveillanceState, w: Window, went: Went, told: Telling) -> None:
    """Say of anomalies that stay where they went that the level has shifted."""
    c, rows = state.series, went.rows
    for slot, name, finding in told.opened(BASELINE):
        row = series_of(state, slot, finding.metric)
        place = int(np.searchsorted(rows, row))
        if finding.kind != "anomaly" or place == len(rows) or rows[place] != row:
            continue
        if c.told[row] & CLIMBS:
            finding.steady = 0
            continue
        only = slice(place, place + 1)
        low, high = (float(bound[0]) for bound in ranges(TUNING, c, rows[only], w.at))
        mean, quiet = float(went.mean[place]), _SETTLED * float(noise(TUNING, c, rows[only])[0])
        steady = abs(float(went.moved[place])) <= quiet
        if low <= mean <= high or not steady:
            finding.steady = 0
            continue
        finding.steady += 1
        if finding.steady >= _SETTLED_AFTER:
            why = _shift(told.names(row), mean, low, high, finding.since)
            told.replaces(slot, name, BASELINE, why)


def _shift(names: tuple[str, str], mean: float, low: float, high: float, since: float) -> Evidence:
    metric, key = names
    summary = (
        f"{metric} of {key} has moved to {mean:.4g} and stays there, where {low:.4g} to"
        f" {high:.4g} was usual"
    )
    return Evidence("shift", "warning", metric, mean, low, high, since, summary)
