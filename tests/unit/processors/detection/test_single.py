"""One agent as plain floats: the same answers and the same bytes as in columns."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest

from processors.detection import stream as streams
from processors.detection.memory import OwnAgents, OwnSeries
from processors.detection.single import Single
from processors.detection.stream import Row, Stream
from tests.unit.processors.detection.test_fold import ROUNDS, world

ALWAYS, NEVER = 0, 10**9


def columns(stream: Stream, metrics: int) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return the bytes of what a stream remembers."""
    series, agents = stream._series, stream._agents
    if metrics < streams.WIDE:
        stream._single.put(series, agents)
    return series.dump(), agents.dump()


def judged(
    rows: list[list[float | None]], at: list[float], wide: int, accept_after_s: float = 9000.0
) -> tuple[list[Row], tuple[dict[str, bytes], dict[str, bytes]]]:
    """Judge rows by vectors from `wide` metrics on, below it by plain floats."""
    with patch.object(streams, "WIDE", wide):
        stream = Stream(1, 7.0, accept_after_s)
        told = [stream.row(when, row) for when, row in zip(at, rows, strict=True)]
        return told, columns(stream, max(map(len, rows)))


def histories(seed: int) -> tuple[list[list[float | None]], list[float]]:
    """Return four metrics with seasons, faults, gaps and one that comes later; and times."""
    value, at = world(seed)
    gone = np.random.default_rng(seed).random((ROUNDS, 4)) < 0.1
    rows = [
        [None if away else x for x, away in zip(row, lost, strict=True)][: 4 if k > 50 else 3]
        for k, (row, lost) in enumerate(zip(value[:, 2].tolist(), gone, strict=True))
    ]
    return rows, at[:, 2].tolist()


@pytest.mark.parametrize("seed", [1, 2])
def test_plain_floats_and_columns_leave_the_same_bits(seed: int) -> None:
    rows, at = histories(seed)
    plain, wide = judged(rows, at, NEVER), judged(rows, at, ALWAYS)
    assert any(row.drivers for row in plain[0])
    assert plain == wide


def test_an_accepted_shift_and_a_lone_metric_leave_the_same_bits() -> None:
    values = 50.0 + np.random.default_rng(4).normal(0.0, 2.0, 2400)
    values[1500:] += 60.0
    rows: list[list[float | None]] = [[x] for x in values.tolist()]
    at = [1.7e9 + 60.0 * k for k in range(len(rows))]
    plain, wide = judged(rows, at, NEVER, 1800.0), judged(rows, at, ALWAYS, 1800.0)
    assert plain[0][1501].alarm > plain[0][1600].alarm
    assert plain == wide


def test_metrics_that_come_later_are_taken_into_columns() -> None:
    rows, at = histories(3)
    assert judged(rows, at, 4) == judged(rows, at, ALWAYS)


def test_what_is_put_into_columns_is_what_is_read_from_them() -> None:
    rows, at = histories(1)
    with patch.object(streams, "WIDE", NEVER):
        stream = Stream(4, 7.0, 9000.0)
        for when, row in zip(at, rows, strict=True):
            stream.row(when, row)
        before = columns(stream, 4)
    again = Single(stream._tuning, stream._promise)
    again.widen(4)
    again.get(stream._series, stream._agents)
    series, agents = OwnSeries(), OwnAgents()
    series.take_block(4)
    agents.take()
    again.put(series, agents)
    assert (series.dump(), agents.dump()) == before
