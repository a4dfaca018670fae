"""A metric that no longer goes with the others is told of, though each of its values is usual."""

from __future__ import annotations

import functools
import math
import random
from typing import Any

import pytest

from streams.contracts.events.agent import RelearnRequested
from streams.contracts.events.finding import AcceptanceRequested
from tests.unit.processors.surveillance.test_step import Partition, only

HOUR, DAY = 3600.0, 86400.0
BEGIN = 1_700_000_000.0
PERIODS = (24.0, 31.0, 19.0, 11.0)
"""In hours: no day is like the one before, so no season says what is usual now."""
SIZES = {"cpu": (5.0, 60.0), "memory": (30.0, 20.0), "tasks": (1.0, 40.0), "sent": (9e3, 2e6)}


class Life:
    """An agent that reports every ten minutes; all its metrics answer to one load."""

    def __init__(self, *, related: bool = True) -> None:
        self.partition, self.draw, self.now = Partition(), random.Random(3), BEGIN
        self.found: list[tuple[str, dict[str, Any]]] = []
        self.related = related

    def metric(self, name: str, at: float) -> float:
        idle, gain = SIZES[name]
        late = 0.0 if self.related else 5.0 * HOUR * list(SIZES).index(name)
        swings = [math.sin(2.0 * math.pi * (at - late) / HOUR / hours) for hours in PERIODS]
        load = 0.5 + 0.1 * sum(swings)
        return idle + gain * (load + 0.01 * self.draw.gauss(0.0, 1.0))

    def live(self, hours: float, lags: float = 0.0) -> None:
        """Live on; the processor answers to the load of so many hours before."""
        until = self.now + HOUR * hours
        while self.now < until:
            metrics = {name: self.metric(name, self.now) for name in SIZES}
            metrics["cpu"] = self.metric("cpu", self.now - HOUR * lags)
            self.found += self.partition.beat(self.now, metrics=metrics)
            self.now += 600.0

    def asks(self, name: str, wish: AcceptanceRequested | RelearnRequested) -> None:
        self.found += self.partition.event(self.now, name, "default/a1", wish)

    def raised(self) -> list[dict[str, Any]]:
        return [f for f in only(self.found, "finding.raised") if f["kind"] == "decoupled"]

    def ended(self) -> list[str]:
        return [f["reason"] for f in only(self.found, "finding.ended") if f["kind"] == "decoupled"]


@functools.cache
def _usual() -> tuple[bytes, int, float, Any]:
    """Live eight usual days; return what a partition is then, so that they are lived once."""
    life = Life()
    life.live(192.0)
    assert life.raised() == []
    dumped = life.partition.step.dump(life.partition.state)
    return dumped, life.partition.offset, life.now, life.draw.getstate()


@pytest.fixture
def life() -> Life:
    life = Life()
    dumped, life.partition.offset, life.now, drawn = _usual()
    life.partition.state = life.partition.step.load(life.partition.context, dumped)
    life.draw.setstate(drawn)
    return life


def test_what_answers_to_another_hour_is_told_until_it_goes_with_the_rest_again(life: Life) -> None:
    life.live(4.0, lags=9.0)
    found = life.raised()[0]
    assert found["metric"] == "cpu"
    assert found["drivers"] == ["cpu"]
    assert not found["expected_low"] <= found["value"] <= found["expected_high"]
    life.live(8.0)
    assert life.ended() == ["recovered"] * len(life.raised())


def test_a_metric_in_another_unit_is_named_so(life: Life) -> None:
    kilobytes = dict(SIZES, sent=(9.0, 2e3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.unit.processors.surveillance.test_company.SIZES", kilobytes)
        life.live(2.0)
    told = [f for f in only(life.found, "finding.raised") if f["kind"] == "unit_change"]
    assert [(f["metric"], f["value"] < 2e3 < f["expected_low"]) for f in told] == [("sent", True)]
    assert "factor of 0.001" in told[0]["summary"]


def test_metrics_with_nothing_in_common_say_nothing_of_each_other() -> None:
    life = Life(related=False)
    life.live(192.0)
    life.live(24.0, lags=9.0)
    assert life.raised() == []


def test_what_lasts_a_day_is_taken_for_normal(life: Life) -> None:
    quieter = dict(SIZES, tasks=(1.0, 10.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.unit.processors.surveillance.test_company.SIZES", quieter)
        life.live(40.0)
        assert [found["metric"] for found in life.raised()][:1] == ["tasks"]
        assert life.ended()[:1] == ["new_normal"]


@pytest.mark.parametrize("by", ["accepting", "relearning"])
def test_a_person_ends_it(life: Life, by: str) -> None:
    life.live(3.0, lags=9.0)
    [found] = life.raised()
    if by == "accepting":
        asked = AcceptanceRequested(found["finding_id"], "moved to another zone", "ana")
        life.asks("finding.acceptance_requested", asked)
        assert life.ended() == ["new_normal"]
    else:
        life.asks("agent.relearn_requested", RelearnRequested(["cpu"], "new pool", "ana"))
        assert life.ended() == ["relearnt"]
    life.live(1.0, lags=9.0)
    assert len(life.raised()) == 1


def test_what_parts_and_comes_back_again_and_again_is_told_less_and_less(life: Life) -> None:
    for _ in range(12):
        life.live(4.0, lags=9.0)
        life.live(8.0)
    assert 1 <= len(life.raised()) <= 6
