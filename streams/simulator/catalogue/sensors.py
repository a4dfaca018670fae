"""Sensors that lie: what is measured is well, what is said of it is not."""

from __future__ import annotations

from typing import Final

from streams.simulator.effects import Add, Freeze, Noise, Put, Quantise, Scale
from streams.simulator.scenario import Scenario, days, hours, measuring
from streams.simulator.shapes import RAMP

_HOT: Final = measuring("temperature")

SCENARIOS: Final = (
    Scenario(
        "stuck", "a metric repeats one value that is quite usual",
        measuring("cpu_usage"), (Freeze("cpu_usage"),), hours(4, 8), ("flat_line", "anomaly"),
    ),
    Scenario(
        "sensor_zero", "a sensor says zero",
        _HOT, (Put("temperature", 0.0),), hours(2, 6), ("flat_line", "anomaly"),
    ),
    Scenario(
        "sensor_max", "a sensor says the most that it can",
        _HOT, (Put("temperature", 127.0),), hours(2, 6), ("flat_line", "anomaly"),
    ),
    Scenario(
        "sensor_invalid", "a sensor often says 65,535 where it has no value",
        _HOT, (Put("temperature", 65_535.0, 0.3),), hours(2, 6), ("anomaly",),
    ),
    Scenario(
        "sensor_noise", "a sensor scatters eight times as much",
        _HOT, (Noise("temperature", (6, 10)),), hours(4, 8), ("anomaly",),
    ),
    Scenario(
        "sensor_quantised", "a sensor knows only steps of five degrees",
        _HOT, (Quantise("temperature", 5.0),), hours(12, 24), ("anomaly", "flat_line"),
    ),
    Scenario(
        "sensor_drift", "a sensor says more each day",
        _HOT, (Add("temperature", (10, 16), RAMP),), days(3, 4), ("trend", "anomaly"),
    ),
    Scenario(
        "unit_change", "a metric that came in milliseconds comes in seconds",
        measuring("response_time_avg"), (Scale("response_time_avg", (0.001, 0.001)),),
        hours(6, 12), ("shift", "unit_change", "decoupled", "anomaly"),
    ),
)  # fmt: skip
