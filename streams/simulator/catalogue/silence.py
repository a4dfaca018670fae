"""What does not arrive, or not as it should."""

from __future__ import annotations

from typing import Final

from streams.simulator.effects import Clock, Delay, Drop, Silence
from streams.simulator.kinds import HOST, SERVICE, WORKER
from streams.simulator.scenario import Scenario, Verdict, hours, minutes
from streams.simulator.shapes import pulses

SCENARIOS: Final = (
    Scenario(
        "silence", "an agent is not heard from",
        (HOST, SERVICE, WORKER), (Silence(),), minutes(30, 240), ("agent_offline",),
    ),
    Scenario(
        "flap", "an agent comes and goes",
        (HOST, SERVICE, WORKER), (Silence(pulses(8, 0.5)),), hours(3, 6),
        ("agent_offline", "flapping"),
    ),
    Scenario(
        "heartbeat_gaps", "every other heartbeat is lost",
        (HOST, SERVICE, WORKER), (Silence(share=0.5),), hours(3, 6),
        ("heartbeat_gap", "agent_offline"),
    ),
    Scenario(
        "late_and_twice", "some heartbeats arrive late, and twice; none is lost",
        (HOST, SERVICE, WORKER), (Delay(40.0, 0.4),), hours(3, 6), (), Verdict.BENIGN,
    ),
    Scenario(
        "clock_skew", "an agent's clock is minutes ahead",
        (HOST, SERVICE, WORKER), (Clock((120, 900)),), hours(6, 12), ("clock_skew",),
    ),
    Scenario(
        "missing_metric", "an agent goes on reporting, but one metric is gone",
        (SERVICE, WORKER), (Drop("response_time_avg"),), hours(4, 8), ("missing_metric",),
    ),
    Scenario(
        "partial_outage", "all agents of a host are silent, the others are well",
        (SERVICE, WORKER), (Silence(),), minutes(20, 90), ("agent_offline",), together=4,
    ),
)  # fmt: skip
