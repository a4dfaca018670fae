from __future__ import annotations

import random

import numpy as np
import pytest
from river import stats

from config.policy import DetectorPolicy
from processors.surveillance.columns import SeriesColumns
from processors.surveillance.detector import Weighted, decay, learnt

POLICY = DetectorPolicy(half_life=20.0, warmup=30, sigma=6.0, persistence=3, accept_after_s=50.0)


def fed(values):
    """Feed one series a value a second; return what happened when."""
    c, detector, found = SeriesColumns(), Weighted(POLICY), []
    series = np.array([c.take()])
    for second, value in enumerate(values):
        verdict = detector.observe(c, series, np.array([value]), np.array([float(second)]))
        found += [
            (second, name)
            for name in ("raised", "recovered", "new_normal")
            if len(getattr(verdict, name))
        ]
    return found


def noise(count):
    drawn = random.Random(7)
    return [drawn.gauss(100.0, 1.0) for _ in range(count)]


@pytest.mark.parametrize("half_life", [1.0, 2.5, 120.0, 1e5])
def test_decay_halves_after_the_half_life(half_life):
    assert decay(half_life) == pytest.approx(1.0 - 0.5 ** (1.0 / half_life), rel=1e-13)


def test_moments_agree_with_river():
    mean, variance = stats.EWMean(0.1), stats.EWVar(0.1)
    values = noise(500)
    ours_mean, ours_variance = np.array([values[0]]), np.array([0.0])
    mean.update(values[0])
    variance.update(values[0])
    for value in values[1:]:
        mean.update(value)
        variance.update(value)
        new = learnt(ours_mean, ours_variance, np.array([value]), np.array([0.1]))
        ours_mean, ours_variance = new
    assert ours_mean[0] == pytest.approx(mean.get(), rel=1e-12)
    assert ours_variance[0] == pytest.approx(variance.get(), rel=1e-7)


def test_noise_alone_raises_nothing():
    assert fed(noise(2000)) == []


def test_one_spike_is_no_anomaly():
    assert fed([*noise(100), 200.0, 200.0, *noise(50)]) == []


def test_a_deviation_is_raised_once_and_ends():
    found = fed([*noise(100), 200.0, 200.0, 200.0, 200.0, 100.0, 100.0, 100.0])
    assert found == [(102, "raised"), (106, "recovered")]


def test_what_lasts_becomes_the_new_normal():
    found = fed([*noise(100), *[200.0 + n % 2 for n in range(200)]])
    assert found == [(102, "raised"), (150, "new_normal")]
