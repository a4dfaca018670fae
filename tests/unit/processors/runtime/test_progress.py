"""Standing still counts only while records wait."""

from __future__ import annotations

from processors.runtime.watchdog import Progress
from streams.kafka.log_reader import Place

HERE = ("telemetry", 0)
ENDS = {Place(*HERE): 10}


def test_a_lane_that_stands_still_while_records_wait_is_stuck() -> None:
    progress = Progress(60)
    assert progress.stuck({HERE: 5}, ENDS, 0.0) == []
    assert progress.stuck({HERE: 5}, ENDS, 59.0) == []
    assert progress.stuck({HERE: 5}, ENDS, 60.0) == [HERE]


def test_any_progress_begins_anew() -> None:
    progress = Progress(60)
    progress.stuck({HERE: 5}, ENDS, 0.0)
    progress.stuck({HERE: 6}, ENDS, 50.0)
    assert progress.stuck({HERE: 6}, ENDS, 100.0) == []


def test_a_lane_at_the_end_may_rest() -> None:
    progress = Progress(60)
    progress.stuck({HERE: 10}, ENDS, 0.0)
    assert progress.stuck({HERE: 10}, ENDS, 1000.0) == []


def test_a_lane_that_was_given_up_is_forgotten() -> None:
    progress = Progress(60)
    progress.stuck({HERE: 5}, ENDS, 0.0)
    progress.stuck({}, ENDS, 30.0)
    assert progress.stuck({HERE: 5}, ENDS, 70.0) == []


def test_a_lane_may_wait_for_its_turn_while_others_catch_up_but_not_for_ever() -> None:
    progress = Progress(60)
    other = ("telemetry", 1)
    ends = ENDS | {Place(*other): 10_000}
    found = {
        now: progress.stuck({HERE: 5, other: now}, ends, float(now)) for now in range(0, 310, 10)
    }
    assert found[290] == []
    assert found[300] == [HERE]


def test_a_lane_among_those_that_only_keep_up_is_stuck() -> None:
    progress = Progress(60)
    other = ("telemetry", 1)
    found = [
        progress.stuck({HERE: 5, other: now}, ENDS | {Place(*other): now}, float(now))
        for now in range(0, 70, 10)
    ]
    assert found[-1] == [HERE]
