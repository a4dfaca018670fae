"""Counts of what came by other protocols, and complaints that are not repeated."""

from __future__ import annotations

from collections import Counter

from api.exposition import exposition
from api.metrics.intake import AGAIN_S, Intake
from streams.contracts.telemetry import Heartbeat
from streams.producers.series.reading import Read


def test_values_are_counted_and_each_complaint_is_told_once_a_minute(caplog):
    now = 100.0
    intake = Intake(lambda: now)
    read = Read([Heartbeat("a", {"x": 1.0, "y": 2.0})], Counter({"too many": 3}))
    for tenant in ("one", "one", "two"):
        intake.note("otlp", tenant, read)
    now += AGAIN_S
    intake.note("otlp", "one", read)
    said = [record.message for record in caplog.records]
    one = "otlp of tenant one: 3 values left out: too many"
    assert said == [one, "otlp of tenant two: 3 values left out: too many", one]
    text = exposition(intake.families())
    assert 'homeostat_intake_values_total{protocol="otlp"} 8\n' in text
    assert 'homeostat_intake_left_out_total{protocol="otlp",reason="too many"} 12\n' in text
