from __future__ import annotations

import numpy as np
import pytest

from config.policy import Threshold
from processors.surveillance import thresholds
from processors.surveillance.columns import SeriesColumns

CPU = Threshold(metric="cpu", warning=75.0, critical=90.0, clear=70.0, duration_s=10.0)
UP = Threshold(metric="up", above=False, critical=1.0, clear=1.0)
PORT = Threshold(metric="port", critical=1.0, clear=0.0)


def levels(rule, samples):
    """Return the level after each (second, value)."""
    rules, c = thresholds.Rules([rule]), SeriesColumns()
    series = np.array([c.take()])
    c.rule[series] = 0
    seen = []
    for second, value in samples:
        thresholds.observe(rules, c, series, np.array([value]), np.array([float(second)]))
        seen.append(int(c.level[0]))
    return seen


@pytest.mark.parametrize(
    ("rule", "samples", "expected"),
    [
        (CPU, [(0, 80.0), (9, 80.0), (10, 80.0)], [0, 0, 1]),
        (CPU, [(0, 80.0), (5, 60.0), (10, 80.0), (19, 80.0)], [0, 0, 0, 0]),
        (CPU, [(0, 80.0), (10, 95.0), (19, 95.0), (20, 95.0)], [0, 1, 1, 2]),
        (CPU, [(0, 95.0), (10, 95.0), (11, 80.0), (21, 80.0)], [0, 2, 2, 1]),
        (CPU, [(0, 80.0), (10, 80.0), (11, 72.0), (99, 72.0)], [0, 1, 1, 1]),
        (CPU, [(0, 80.0), (10, 80.0), (11, 70.0), (20, 65.0), (21, 65.0)], [0, 1, 1, 1, 0]),
        (UP, [(0, 1.0), (1, 0.0), (2, 0.0), (3, 1.0)], [0, 2, 2, 0]),
        (PORT, [(0, 0.0), (1, 1.0), (2, 0.5), (3, 0.0)], [0, 2, 2, 0]),
    ],
)
def test_levels(rule, samples, expected):
    assert levels(rule, samples) == expected


def test_a_level_that_holds_is_due_without_news():
    rules, c = thresholds.Rules([CPU]), SeriesColumns()
    series = np.array([c.take()])
    c.rule[series] = 0
    moved, wakes = thresholds.observe(rules, c, series, np.array([80.0]), np.array([5.0]))
    assert (len(moved), wakes) == (0, 15.0)
    assert thresholds.next_due(rules, c) == 15.0
    assert thresholds.due(rules, c, 14.9).tolist() == []
    assert thresholds.due(rules, c, 15.0).tolist() == [0]
    assert thresholds.next_due(rules, c) == np.inf


def test_a_rule_applies_to_its_agent_types_only():
    rule = Threshold(metric="m", clear=0.0, warning=1.0, agent_types=["host"])
    rules = thresholds.Rules([rule])
    assert (rules.find("m", "host"), rules.find("m", "agent"), rules.find("n", "host")) == (
        0,
        -1,
        -1,
    )
