"""What moves to another level, at once or little by little."""

from __future__ import annotations

from typing import Final

from streams.simulator.effects import Add, Cap, Scale
from streams.simulator.kinds import SERVICE, WORKER
from streams.simulator.scenario import Scenario, Verdict, days, hours, measuring
from streams.simulator.shapes import FADING, RAMP

SCENARIOS: Final = (
    Scenario(
        "step_up", "answers take twice as long from one moment to the next",
        (SERVICE, WORKER), (Scale("response_time_avg", (1.6, 2.4)),), hours(6, 12),
        ("shift", "decoupled", "anomaly", "threshold"),
    ),
    Scenario(
        "step_down", "most of the traffic is gone",
        (SERVICE, WORKER),
        (Scale("bytes_sent", (0.2, 0.4)), Scale("active_tasks", (0.2, 0.4))), hours(6, 12),
        ("shift", "decoupled", "anomaly"),
    ),
    Scenario(
        "creep", "answers take longer each day",
        (SERVICE, WORKER), (Scale("response_time_avg", (1.6, 2.2), RAMP),), days(3, 4),
        ("trend", "anomaly", "threshold"),
    ),
    Scenario(
        "canary_regression", "a new version on one agent: somewhat slower, a few more errors",
        (SERVICE,),
        (Scale("response_time_avg", (1.25, 1.45)), Add("error_rate", (0.004, 0.008))),
        hours(6, 12), ("shift", "decoupled", "anomaly"),
    ),
    Scenario(
        "deploy", "a new version takes more memory and less time, for good: told once, "
        "then it is the new normal",
        (SERVICE, WORKER),
        (Add("memory_usage", (10, 14)), Scale("response_time_avg", (0.65, 0.75))),
        hours(24, 24), ("shift", "anomaly"), Verdict.CHANGE,
    ),
    Scenario(
        "throttling", "the processor is held down, and work takes longer",
        measuring("cpu_usage", "response_time_avg"),
        (Cap("cpu_usage", (18, 22)), Scale("response_time_avg", (1.5, 2))), hours(6, 10),
        ("shift", "flat_line", "anomaly", "threshold"),
    ),
    Scenario(
        "slow_recovery", "after an outage it takes hours until answers are quick again",
        (SERVICE, WORKER), (Scale("response_time_avg", (2.5, 4), FADING),), hours(8, 12),
        ("shift", "anomaly", "threshold"),
    ),
)  # fmt: skip
