from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.health.score import PENALTY, Health, Level, health
from streams.contracts.events.finding import SEVERITIES


@pytest.mark.parametrize(
    ("severities", "failures", "expected"),
    [
        ([], 0, Health(Level.HEALTHY, 100.0)),
        (["info", "info"], 0, Health(Level.HEALTHY, 90.0)),
        (["warning"], 0, Health(Level.DEGRADED, 80.0)),
        (["high", "info"], 1, Health(Level.DEGRADED, 50.0)),
        (["critical"], 1, Health(Level.FAILING, 35.0)),
        ([], 100, Health(Level.DEGRADED, 60.0)),
        (["emergency", "critical"], 3, Health(Level.FAILING, 0.0)),
    ],
)
def test_score(severities, failures, expected):
    assert health(severities, failures, present=True) == expected


def test_silence_is_unknown():
    assert health([], 0, present=False) == Health(Level.UNKNOWN, 0.0)


def test_every_severity_has_its_price_and_worse_costs_more():
    prices = [PENALTY[severity] for severity in SEVERITIES]
    assert prices == sorted(prices, reverse=True)


@given(st.lists(st.sampled_from(SEVERITIES)), st.integers(0, 1000))
def test_one_more_finding_never_helps(severities, failures):
    before = health(severities, failures, present=True).score
    assert 0.0 <= health([*severities, "warning"], failures, present=True).score <= before
