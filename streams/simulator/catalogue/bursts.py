"""What comes suddenly and is soon over."""

from __future__ import annotations

from typing import Final

from streams.simulator.effects import Add, Noise, Scale, Work
from streams.simulator.kinds import SERVICE, WORKER
from streams.simulator.scenario import Scenario, hours, measuring, minutes
from streams.simulator.shapes import pulses

SCENARIOS: Final = (
    Scenario(
        "spike", "the processor is busy for a few minutes",
        measuring("cpu_usage"), (Add("cpu_usage", (45, 60)),), minutes(4, 8),
        ("anomaly", "threshold"),
    ),
    Scenario(
        "spike_train", "the processor is busy for minutes, again and again",
        measuring("cpu_usage"), (Add("cpu_usage", (35, 55), pulses(6, 0.2)),), hours(2, 4),
        ("anomaly", "threshold"),
    ),
    Scenario(
        "error_burst", "many requests fail for a while",
        (SERVICE, WORKER), (Add("error_rate", (0.05, 0.3)),), minutes(15, 40),
        ("anomaly", "threshold"),
    ),
    Scenario(
        "variance_change", "latency scatters several times as much, around the same middle",
        (SERVICE,), (Noise("network_latency", (4, 6)), Noise("response_time_avg", (3, 5))),
        hours(6, 12), ("anomaly",),
    ),
    Scenario(
        "thundering_herd", "all clients come back at once, several times",
        (SERVICE,),
        (Work((2.2, 2.8), pulses(4, 0.25)), Scale("response_time_avg", (1.5, 2.5), pulses(4, 0.25)),
         Scale("connections", (1.5, 2.5), pulses(4, 0.25))),
        minutes(60, 90), ("anomaly", "threshold"), together=4,
    ),
)  # fmt: skip
