"""Noise as a function of its place: shaped as it says, and the same however it is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from streams.simulator.noise import drawn, heavy, key_of, normal, places, uniform, wandering

KEYS = places(np.array([key_of("a test")]), np.arange(200_000))
START = 1_800_000_000.0


def test_uniform_values_fill_their_range_evenly() -> None:
    found = np.histogram(uniform(KEYS), bins=20, range=(0.0, 1.0))[0]
    assert found.sum() == len(KEYS)
    assert (np.abs(found - 10_000) < 500).all()


def test_normal_values_have_mean_0_and_deviation_1() -> None:
    value = normal(KEYS)
    assert (value.mean(), value.std()) == pytest.approx((0.0, 1.0), abs=0.01)
    assert np.mean(value < 1.0) == pytest.approx(0.841, abs=0.01)
    assert np.abs(value).max() < 3.5


def test_heavy_tails_reach_further_and_leave_the_middle_alone() -> None:
    bell, tailed = normal(KEYS), heavy(KEYS)
    assert np.mean(bell == tailed) == pytest.approx(0.99, abs=0.002)
    assert 4.0 < np.abs(tailed).max() < 5.0 * 3.5


def test_neighbours_have_nothing_in_common() -> None:
    value = normal(KEYS)
    for lag in (1, 2, 24, 1440):
        assert abs(np.corrcoef(value[:-lag], value[lag:])[0, 1]) < 0.01


def test_one_moment_says_the_same_alone_and_among_others() -> None:
    at = START + 60.0 * np.arange(500)
    whole = wandering(KEYS[:5], at, 900.0)
    assert np.array_equal(whole[137:138, 2:3], wandering(KEYS[2:3], at[137:138], 900.0))


def test_a_drift_takes_its_time() -> None:
    drift = wandering(KEYS[:50], START + 60.0 * np.arange(1000), 900.0)
    assert np.abs(np.diff(drift, axis=0)).max() < 0.6
    assert drift.std() == pytest.approx(0.85, abs=0.1)


def test_what_is_drawn_lies_between_its_bounds() -> None:
    found = [drawn(key_of("size", n), 2.0, 3.0) for n in range(200)]
    assert 2.0 <= min(found) < 2.1
    assert 2.9 < max(found) < 3.0
