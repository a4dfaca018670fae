from __future__ import annotations

from projections.replay.difference import difference
from projections.replay.progress import Progress
from projections.replay.verdict import VerifyReport


def test_progress_tells_share_rate_and_time_left() -> None:
    now = [0.0]
    told: list[str] = []
    progress = Progress("folding", 1000, told.append, lambda: now[0])
    now[0] = 0.5
    progress.add(100)
    assert told == []
    now[0] = 2.0
    progress.add(100)
    assert told == ["folding: 200 of 1,000 records (20 %), 100/s, 8 s left"]


def test_what_was_done_before_does_not_count_for_the_rate() -> None:
    now = [0.0]
    told: list[str] = []
    progress = Progress("importing", 1000, told.append, lambda: now[0], done=800)
    now[0] = 2.0
    progress.add(100)
    assert told == ["importing: 900 of 1,000 records (90 %), 50/s, 2 s left"]


def test_a_difference_names_the_fields() -> None:
    left, right = b'{"data": {"a": [1, 2]}, "id": "x"}', b'{"data": {"a": [1, 3]}, "id": "x"}'
    assert difference(left, right) == "data.a[1]: 2 recorded, 3 folded"
    assert difference(b'{"a": 1}', b'{"a":1}') == "the same values, spelt otherwise"
    assert difference(b"\xff", b"{}") == "b'\\xff' recorded, b'{}' folded"
    assert difference(b'{"a": 1}', b'{"a": 1.0}') == "a: 1 recorded, 1.0 folded"


def test_a_report_keeps_the_first_problems_and_counts_all() -> None:
    report = VerifyReport()
    assert report.equal
    for number in range(60):
        report.add("missing", f"decision: decisions/0/{number}/0")
    assert not report.equal
    assert report.counts == {"missing": 60}
    assert "… and 10 more" in report.summary()
