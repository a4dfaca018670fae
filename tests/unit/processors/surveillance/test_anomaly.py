"""Anomalies live and in a backtest: the same ones, and the same memory after each record."""

from __future__ import annotations

import random

import msgspec
import numpy as np
import pytest

from processors.detection.stream import Stream
from tests.unit.processors.surveillance.test_step import Partition

BEGIN, FAULT, ACCEPTED = 1_700_000_000.0, 200, 60


@pytest.mark.parametrize(("length", "reason"), [(5, "recovered"), (80, "new_normal")])
def test_a_backtest_begins_and_ends_what_is_found_live(length: int, reason: str) -> None:
    partition, draw, ended = Partition(), random.Random(3), []
    policy = partition.state.policy
    detector = msgspec.structs.replace(policy.surveillance.detector, accept_after_s=60.0 * ACCEPTED)
    surveillance = msgspec.structs.replace(policy.surveillance, detector=detector)
    partition.state.policy = msgspec.structs.replace(policy, surveillance=surveillance)
    stream = Stream(2, detector.false_alarms_per_agent_week, detector.accept_after_s)
    for k in range(FAULT + 135):
        mean = 90.0 if FAULT <= k < FAULT + length else 40.0
        values = [draw.gauss(mean, 2.0), draw.gauss(5.0, 0.5)]
        metrics = dict(zip(("load", "queue"), values, strict=True))
        told = partition.beat(BEGIN + 60.0 * k, metrics=metrics)
        ended += [data["reason"] for name, data in told if name == "finding.ended"]
        row, agents = stream.row(BEGIN + 60.0 * k, values), partition.state.agents
        slot = partition.state.slots["default/a1"]
        stream._single.put(stream._series, stream._agents)
        assert np.array_equal(agents.evidence[slot], stream._agents.evidence[0]), k
        assert bool(np.isfinite(agents.alarm_since[slot])) == (row.alarm and reason not in ended)
        assert row.alarm == (k >= FAULT and reason not in ended) or k == FAULT + ACCEPTED
    assert ended == [reason]
