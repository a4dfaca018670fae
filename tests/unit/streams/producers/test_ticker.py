"""The timetable: regular ticks for all, extra ones where a timer waits, never a storm."""

from __future__ import annotations

from streams.contracts.events.system import TimerSet
from streams.producers.ticker import COALESCE_S, Timetable

HERE = ("telemetry", 1)


def timer(due: float) -> TimerSet:
    return TimerSet(*HERE, due)


def test_regular_ticks_are_aligned() -> None:
    table = Timetable(101.0)
    assert table.wait_s(101.0) == 4.0
    assert table.take(105.0) == (True, [])
    assert table.wait_s(105.0) == 5.0


def test_a_timer_ticks_its_own_partition_once() -> None:
    table = Timetable(101.0)
    table.add(timer(102.5), 101.0)
    assert table.wait_s(101.0) == 1.5
    assert table.take(102.5) == (False, [HERE])
    assert table.take(103.0) == (False, [])


def test_the_earliest_timer_of_a_partition_counts() -> None:
    table = Timetable(101.0)
    table.add(timer(104.0), 101.0)
    table.add(timer(102.0), 101.0)
    table.add(timer(103.0), 101.0)
    assert table.wait_s(101.0) == 1.0


def test_extra_ticks_keep_their_distance() -> None:
    table = Timetable(101.0)
    table.add(timer(102.0), 101.0)
    table.take(102.0)
    table.add(timer(102.01), 102.0)
    assert table.take(102.02) == (False, [])
    assert table.take(102.0 + COALESCE_S) == (False, [HERE])


def test_a_regular_tick_meets_every_timer_that_is_due() -> None:
    table = Timetable(101.0)
    table.add(timer(104.9), 101.0)
    assert table.take(105.0) == (True, [])
    assert table.take(105.2) == (False, [])


def test_a_timer_long_past_was_met_by_a_regular_tick() -> None:
    table = Timetable(101.0)
    table.add(timer(90.0), 101.0)
    assert table.take(101.0) == (False, [])
