"""Disks that fill."""

from __future__ import annotations

from typing import Final

from streams.simulator.effects import Add
from streams.simulator.kinds import HOST
from streams.simulator.scenario import Scenario, days, minutes
from streams.simulator.shapes import RAMP, filling

SCENARIOS: Final = (
    Scenario(
        "disk_linear", "the disk fills evenly, for days",
        (HOST,), (Add("disk_usage", (30, 50), RAMP),), days(3, 4),
        ("trend", "disk_pressure", "anomaly"),
    ),
    Scenario(
        "disk_sudden", "something writes a third of the disk in half an hour",
        (HOST,), (Add("disk_usage", (30, 45), filling(0.2)),), minutes(120, 240),
        ("trend", "shift", "disk_pressure", "anomaly"),
    ),
)  # fmt: skip
