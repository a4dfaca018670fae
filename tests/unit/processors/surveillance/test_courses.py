"""What only windows show: still, climbing, shifted and missing metrics, and lost heartbeats."""

from __future__ import annotations

import functools
import itertools
import math
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.processors.surveillance.test_step import Partition

DAY = 86400.0
BEGIN = 1_700_000_000.0
Values = dict[str, float]


class Life:
    """An agent that reports once a minute; `found` keeps what was told of it, with its time."""

    def __init__(self, seed: int = 1) -> None:
        self.partition, self.draw = Partition(), random.Random(seed)
        self.now = BEGIN
        self.found: list[tuple[float, str, dict[str, Any]]] = []

    def daily(self) -> float:
        """Return a value with a season of a day, and noise."""
        return 40.0 + 10.0 * math.sin(2 * math.pi * self.now / DAY) + self.draw.gauss(0.0, 1.0)

    def live(self, minutes: float, metrics: Callable[[float], Values], step: float = 60.0) -> None:
        """Report for some minutes what `metrics` gives for the seconds since they began."""
        began = self.now
        while self.now < began + 60.0 * minutes:
            told = self.partition.beat(self.now, metrics=metrics(self.now - began))
            self.found += [(self.now, kind, data) for kind, data in told]
            self.now += step * (1.0 + 0.02 * self.draw.random())

    def closed(self, metric: str) -> list[dict[str, Any]]:
        return [data for _, name, data in self.found
                if name == "metrics.windows_closed" and data["metric"] == metric]  # fmt: skip

    def raised(self, kind: str) -> list[dict[str, Any]]:
        return [data for _, name, data in self.found
                if name == "finding.raised" and data["kind"] == kind]  # fmt: skip

    def ended(self, kind: str) -> list[str]:
        return [data["reason"] for _, name, data in self.found
                if name == "finding.ended" and data["kind"] == kind]  # fmt: skip


@functools.cache
def _usual() -> tuple[bytes, int, float, Any]:
    """Live three usual days; return what a partition is then, so that they are lived once."""
    life = Life()
    life.live(3 * 1440, lambda _: {"load": life.daily(), "queue": life.daily()})
    courses = {"flat_line", "trend", "shift", "missing_metric", "heartbeat_gap"}
    assert not [kind for kind in courses if life.raised(kind)]
    partition = life.partition
    return partition.step.dump(partition.state), partition.offset, life.now, life.draw.getstate()


def _after_usual() -> Life:
    dumped, offset, now, drawn = _usual()
    life = Life()
    life.partition.state = life.partition.step.load(life.partition.context, dumped)
    life.partition.offset, life.now = offset, now
    life.draw.setstate(drawn)
    return life


@functools.cache
def _two_more_days() -> Life:
    life = _after_usual()
    life.live(2 * 1440, lambda _: {"load": life.daily(), "queue": life.daily()})
    return life


@pytest.fixture
def life() -> Life:
    """Return an agent of three usual days."""
    return _after_usual()


def test_a_metric_that_always_varied_and_stands_still_is_stuck(life: Life) -> None:
    stuck = life.daily()
    life.live(90, lambda _: {"load": stuck, "queue": life.daily()})
    [flat] = life.raised("flat_line")
    assert flat["metric"] == "load"
    assert flat["value"] == pytest.approx(stuck)
    assert life.now - flat["since"] < 91 * 60
    life.live(5, lambda _: {"load": life.daily(), "queue": life.daily()})
    assert life.ended("flat_line") == ["recovered"]


@functools.cache
def _odd() -> Life:
    """Live three days and a little with metrics that look wrong by themselves, and are not."""
    life, beats = Life(), itertools.count()

    def odd(seconds: float) -> Values:
        now_and_then = {"rare": 1.0} if next(beats) % 10 == 0 else {}
        return {"load": life.daily(), "jobs": float(seconds // 3000), "cores": 2.0} | now_and_then

    life.live(3 * 1440, odd)
    life.live(180, lambda _: odd(0.0) | {"jobs": 5000.0})
    return life


def test_a_metric_that_often_stands_still_may() -> None:
    assert "jobs" not in [one["metric"] for one in _odd().raised("flat_line")]


def test_what_never_varied_is_not_stuck() -> None:
    assert "cores" not in [one["metric"] for one in _odd().raised("flat_line")]


def test_a_metric_that_comes_now_and_then_is_not_missing() -> None:
    assert _odd().raised("missing_metric") == []


def test_a_climb_towards_a_limit_says_when_it_gets_there() -> None:
    life = Life()
    life.live(1440, lambda _: {"disk_usage": 40.0 + life.draw.gauss(0.0, 0.2)})
    life.live(240, lambda s: {"disk_usage": 40.0 + s / 3600.0 * 4.0 + life.draw.gauss(0.0, 0.2)})
    [trend] = life.raised("trend")
    assert trend["metric"] == "disk_usage"
    assert trend["severity"] == "warning"
    raised = next(at for at, _, data in life.found if data is trend)
    left = (95.0 - trend["value"]) / 4.0 * 3600.0
    assert trend["reaches_limit_at"] - raised == pytest.approx(left, rel=0.3)
    life.live(600, lambda _: {"disk_usage": 56.0 + life.draw.gauss(0.0, 0.2)})
    assert life.ended("trend") == ["recovered"]


def test_the_climb_of_every_morning_is_none() -> None:
    assert _two_more_days().raised("trend") == []


def test_most_values_lie_in_the_range_that_was_expected() -> None:
    windows = _two_more_days().closed("load")[-1440:]
    ranges = [(w["expected_low"][0], w["expected_high"][0]) for w in windows]
    inside = [
        low <= w["minimum"][0] and w["maximum"][0] <= high
        for w, (low, high) in zip(windows, ranges, strict=True)
    ]
    assert sum(inside) >= 0.97 * len(windows) > 1300
    assert all(high - low < 20.0 for low, high in ranges), "narrower than a day's course of 20"


def test_a_jump_is_no_climb_and_becomes_a_shift(life: Life) -> None:
    life.live(300, lambda _: {"load": life.daily() + 30.0, "queue": life.daily()})
    assert life.raised("trend") == []
    assert [one["metric"] for one in life.raised("anomaly")] == ["load"]
    assert life.ended("anomaly") == ["superseded"]
    [shift] = life.raised("shift")
    assert shift["metric"] == "load"
    assert shift["since"] == life.raised("anomaly")[0]["since"]
    life.live(300, lambda _: {"load": life.daily(), "queue": life.daily()})
    assert life.ended("shift") == ["recovered"]


def test_a_metric_that_is_sent_no_longer_is_missing(life: Life) -> None:
    life.live(20, lambda _: {"load": life.daily()})
    [missing] = life.raised("missing_metric")
    assert missing["metric"] == "queue"
    life.live(2, lambda _: {"load": life.daily(), "queue": life.daily()})
    assert life.ended("missing_metric") == ["recovered"]
    life.live(1500, lambda _: {"load": life.daily()})
    assert life.ended("missing_metric") == ["recovered", "new_normal"]
    assert len(life.raised("missing_metric")) == 2


def test_heartbeats_that_get_lost_are_told_of_and_a_new_pace_is_learnt() -> None:
    life = Life()
    life.live(600, lambda _: {"load": 1.0}, step=20.0)
    for _ in range(60):
        life.live(0.3, lambda _: {"load": 1.0}, step=life.draw.choice([20.0, 40.0, 40.0, 60.0]))
    [gap] = life.raised("heartbeat_gap")
    assert gap["metric"] == ""
    assert 0.2 < gap["value"] < 0.6
    life.live(60, lambda _: {"load": 1.0}, step=20.0)
    assert life.ended("heartbeat_gap") == ["recovered"]
    life.live(240, lambda _: {"load": 1.0}, step=50.0)
    assert len(life.raised("heartbeat_gap")) <= 2
    assert len(life.ended("heartbeat_gap")) == len(life.raised("heartbeat_gap"))


def test_a_climb_is_no_shift() -> None:
    life = Life()
    life.live(2 * 1440, lambda _: {"memory_usage": 45.0 + life.draw.gauss(0.0, 0.8)})
    life.live(240, lambda s: {"memory_usage": 45.0 + s / 600.0 + life.draw.gauss(0.0, 0.8)})
    assert life.raised("shift") == []
    assert [one["metric"] for one in life.raised("trend")] == ["memory_usage"]
