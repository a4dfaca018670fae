"""Windows say what was expected: nothing at first, then the range that most values lie in."""

from __future__ import annotations

from typing import Any

from tests.unit.processors.surveillance.test_courses import Life


def closed(life: Life, metric: str) -> list[dict[str, Any]]:
    windows = [data for _, kind, data in life.found if kind == "metrics.windows_closed"]
    return [data for data in windows if data["metric"] == metric]


def test_nothing_is_expected_of_what_is_new() -> None:
    life = Life()
    life.live(40, lambda _: {"load": life.daily()})
    windows = closed(life, "load")
    assert len(windows) > 30
    assert {(w["expected_low"][0], w["expected_high"][0]) for w in windows} == {(None, None)}


def test_most_values_lie_in_the_range_that_was_expected() -> None:
    life = Life()
    life.live(4 * 1440, lambda _: {"load": life.daily()})
    windows = closed(life, "load")[-1440:]
    ranges = [(w["expected_low"][0], w["expected_high"][0]) for w in windows]
    inside = [
        low <= w["minimum"][0] and w["maximum"][0] <= high
        for w, (low, high) in zip(windows, ranges, strict=True)
    ]
    assert sum(inside) >= 0.97 * len(windows)
    assert all(high - low < 20.0 for low, high in ranges), "narrower than a day's course of 20"


def test_what_is_not_judged_has_no_range() -> None:
    life = Life()
    life.live(120, lambda _: {"load": life.daily(), "processes": 1.0})
    assert closed(life, "load")[-1]["expected_low"] != [None]
    assert closed(life, "processes")[-1]["expected_low"] == [None]
