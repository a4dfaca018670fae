"""Every scenario, one subject a file: data, no code."""

from __future__ import annotations

from typing import Final

from streams.simulator.catalogue import (
    attacks,
    bursts,
    jobs,
    latency,
    leaks,
    levels,
    load,
    neighbours,
    queues,
    sensors,
    silence,
    storage,
)
from streams.simulator.scenario import Scenario

SUBJECTS: Final = {
    "leaks": leaks.SCENARIOS,
    "storage": storage.SCENARIOS,
    "bursts": bursts.SCENARIOS,
    "levels": levels.SCENARIOS,
    "latency": latency.SCENARIOS,
    "queues": queues.SCENARIOS,
    "neighbours": neighbours.SCENARIOS,
    "attacks": attacks.SCENARIOS,
    "silence": silence.SCENARIOS,
    "sensors": sensors.SCENARIOS,
    "jobs": jobs.SCENARIOS,
    "load": load.SCENARIOS,
}
CATALOGUE: Final[dict[str, Scenario]] = {
    scenario.name: scenario for found in SUBJECTS.values() for scenario in found
}
