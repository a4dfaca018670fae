"""Windows say what was expected only of what is judged, and not while it is new."""

from __future__ import annotations

from tests.unit.processors.surveillance.test_courses import Life


def test_nothing_is_expected_of_what_is_new() -> None:
    life = Life()
    life.live(40, lambda _: {"load": life.daily()})
    windows = life.closed("load")
    assert len(windows) > 30
    assert {(w["expected_low"][0], w["expected_high"][0]) for w in windows} == {(None, None)}


def test_what_is_not_judged_has_no_range() -> None:
    life = Life()
    life.live(120, lambda _: {"load": life.daily(), "processes": 1.0})
    assert life.closed("load")[-1]["expected_low"] != [None]
    assert life.closed("processes")[-1]["expected_low"] == [None]
