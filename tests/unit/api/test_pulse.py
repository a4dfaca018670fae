"""How far the views are behind is told as it is, whichever partition it is that waits."""

from __future__ import annotations

import pytest

from api.pulse import behind, projector_part, worker_part
from projections.queries.health import PartitionProgress, SystemHealth
from projections.queries.workers import WorkerSeen

NOW = 10_000.0


def health(*places: tuple[str, int, float, float]) -> SystemHealth:
    """Return what is known of (topic, lag, age of the newest record read, age of the reading)."""
    progress = [
        PartitionProgress(topic, n, 10, lag, NOW - age, NOW - read)
        for n, (topic, lag, age, read) in enumerate(places)
    ]
    updated_at = max((place.updated_at for place in progress), default=None)
    return SystemHealth(progress, sum(place.lag or 0 for place in progress), updated_at, {})


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        pytest.param([("telemetry", 0, 3.0, 3.0), ("fleet", 0, 900.0, 900.0)], 0.0, id="at-end"),
        pytest.param([("telemetry", 9, 45.0, 0.5), ("governance", 0, 1.0, 0.5)], 45.0, id="late"),
        pytest.param([("telemetry", 0, 1.0, 0.5), ("windows", 9, 70.0, 0.5)], 70.0, id="windows"),
        pytest.param([("telemetry", 2, 1.0, 0.5), ("fleet", 1, 900.0, 900.0)], 1.0, id="just-come"),
    ],
)
def test_the_age_is_that_of_what_waits(
    places: list[tuple[str, int, float, float]], expected: float
) -> None:
    assert behind(health(*places), NOW) == expected


def test_a_projector_that_cannot_follow_says_by_how_much() -> None:
    part = projector_part(health(("telemetry", 120_000, 45.0, 0.5), ("fleet", 0, 1.0, 0.5)), NOW)
    assert part.status == "degraded"
    assert part.detail == "views show what was 45 s ago; 120,000 records wait"
    assert part.figures == {"age_s": 45.0, "lag_records": 120_000.0}


def test_one_that_follows_is_well() -> None:
    part = projector_part(health(("telemetry", 300, 0.2, 0.1)), NOW)
    assert (part.status, part.detail) == ("ok", "")


def test_one_that_writes_nothing_is_said_to() -> None:
    part = projector_part(health(("telemetry", 300, 40.0, 40.0)), NOW)
    assert (part.status, part.detail) == (
        "degraded", "records wait, and nothing was projected lately",
    )  # fmt: skip


def test_a_version_that_learns_anew_says_for_how_long() -> None:
    learning = {"records_per_s": 40_000.0, "relearning_records": 12e6}
    workers = [
        WorkerSeen("worker-0", NOW - 3.0, learning),
        WorkerSeen("worker-1", NOW - 9.0, {"records_per_s": 10_000.0}),
    ]
    part = worker_part(workers, NOW, 0.0)
    assert part.status == "degraded"
    assert part.agents == ["worker-0", "worker-1"]
    assert part.detail == (
        "learns anew from 12,000,000 records, which takes 5.0 min; nothing new is judged"
    )
    assert worker_part(workers[1:], NOW, 0.0).status == "ok"
    late = worker_part(workers, NOW + 300.0, 0.0)
    assert late.detail.startswith("nothing for 303 s")
    gone = [workers[0]._replace(last_seen=NOW - 300.0), workers[1]]
    assert worker_part(gone, NOW, 0.0).status == "ok", "what a dead one had to learn is no more"
    unknown = [WorkerSeen("worker-0", NOW, {"relearning_records": 5.0})]
    assert "takes an unknown time" in worker_part(unknown, NOW, 0.0).detail
    assert worker_part([], NOW, 0.0).status == "starting"
