"""What one agent does to those beside it, and to those that need it."""

from __future__ import annotations

from typing import Final

from streams.simulator.effects import Add, Scale
from streams.simulator.kinds import SERVICE, WORKER
from streams.simulator.scenario import Scenario, hours, minutes
from streams.simulator.shapes import IN_TURN

SCENARIOS: Final = (
    Scenario(
        "noisy_neighbour", "one agent of a host takes the processor, the others wait for it",
        (WORKER, SERVICE),
        (Add("cpu_usage", (20, 30)), Scale("response_time_avg", (1.4, 1.9))), hours(2, 4),
        ("anomaly", "threshold"), together=4,
    ),
    Scenario(
        "cascade", "errors and waiting reach one agent after the other, along who depends on whom",
        (SERVICE, WORKER),
        (Add("error_rate", (0.05, 0.2), IN_TURN), Scale("response_time_avg", (1.8, 3), IN_TURN)),
        minutes(60, 150), ("anomaly", "threshold"), together=4,
    ),
)  # fmt: skip
