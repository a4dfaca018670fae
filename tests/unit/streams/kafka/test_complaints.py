"""What comes again and again is told once a reason and minute, with a count."""

from __future__ import annotations

import logging

import pytest

from streams.kafka.complaints import Complaints


def test_a_flood_of_two_reasons_is_a_line_each_a_minute_that_counts_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [0.0]
    complaints = Complaints(logging.getLogger("t"), logging.ERROR, clock=lambda: now[0])
    for number in range(7_000):
        now[0] = number / 100.0
        complaints.tell("even" if number % 2 == 0 else "odd", f"record {number}")
    assert [record.getMessage() for record in caplog.records] == [
        "record 0",
        "record 1",
        "record 6000 (and 2999 more like it since this was told last)",
        "record 6001 (and 2999 more like it since this was told last)",
    ]
