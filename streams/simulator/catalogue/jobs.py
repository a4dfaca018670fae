"""What runs every night, or should not run at all."""

from __future__ import annotations

from typing import Final

from streams.simulator.effects import Job
from streams.simulator.kinds import HOST, WORKER
from streams.simulator.scenario import Scenario, hours, minutes

SCENARIOS: Final = (
    Scenario(
        "missed_job", "the nightly job does not run",
        (HOST, WORKER), (Job(runs=False),), hours(24, 24), ("anomaly", "missed_job"),
    ),
    Scenario(
        "extra_job", "a job like that of the night runs by day",
        (HOST, WORKER), (Job(runs=True),), minutes(40, 60), ("anomaly",),
    ),
)  # fmt: skip
