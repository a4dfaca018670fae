"""Waiting that an average hides, and metrics that no longer belong together."""

from __future__ import annotations

from typing import Final

from streams.simulator.effects import Add, Decouple, Scale, Sometimes
from streams.simulator.kinds import SERVICE, WORKER
from streams.simulator.scenario import Scenario, hours
from streams.simulator.shapes import pulses

SCENARIOS: Final = (
    Scenario(
        "latency_bimodal", "one request in five takes twice as long",
        (SERVICE, WORKER), (Sometimes("response_time_avg", (1.8, 2.4), 0.2),), hours(4, 8),
        ("anomaly", "threshold"),
    ),
    Scenario(
        "gc_pauses", "long pauses, in which nothing is answered",
        (SERVICE, WORKER),
        (Add("gc_pause_ms", (60, 150), pulses(12, 0.25)),
         Scale("response_time_avg", (1.3, 1.6), pulses(12, 0.25))),
        hours(4, 8), ("anomaly",),
    ),
    Scenario(
        "correlation_break", "the processor answers to the load of another time of day; each "
        "value is usual",
        (SERVICE,), (Decouple("cpu_usage", 9.0),), hours(12, 24), ("decoupled", "anomaly"),
    ),
)  # fmt: skip
