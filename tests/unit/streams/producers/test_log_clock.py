"""The time of ticks goes on, whatever is done to the wall clock."""

from __future__ import annotations

import pytest

from streams.producers.log_clock import PACE, LogClock


class Clocks:
    """A wall clock that can be set, and one that cannot."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_000_000.0, 50.0
        self.log = LogClock(lambda: self.wall, lambda: self.steady)

    def after(self, seconds: float) -> float:
        self.wall, self.steady = self.wall + seconds, self.steady + seconds
        return self.log.now()


def test_it_follows_a_wall_clock_that_runs_or_is_set_ahead() -> None:
    clocks = Clocks()
    assert clocks.after(5.0) == clocks.wall
    clocks.wall += 3600.0
    assert clocks.after(5.0) == clocks.wall


def test_set_back_it_goes_on_slower_until_the_wall_clock_has_caught_up() -> None:
    clocks = Clocks()
    before = clocks.after(5.0)
    clocks.wall -= 3600.0
    assert clocks.after(40.0) == before + 40.0 * PACE
    caught_up = 3600.0 / (1.0 - PACE)
    assert clocks.after(caught_up - 41.0) > clocks.wall
    assert clocks.after(2.0) == clocks.wall


@pytest.mark.parametrize("ahead", [-30.0, 30.0, 1e9])
def test_whoever_takes_over_goes_on_from_what_the_log_was_told(ahead: float) -> None:
    clocks = Clocks()
    clocks.log.told(clocks.wall + ahead)
    assert clocks.log.now() == max(clocks.wall, clocks.wall + ahead)
    assert clocks.after(8.0) == pytest.approx(max(clocks.wall, clocks.wall - 2.0 + ahead))
