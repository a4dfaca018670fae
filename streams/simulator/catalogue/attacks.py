"""What somebody does on purpose."""

from __future__ import annotations

from typing import Final

from streams.simulator.effects import Add
from streams.simulator.kinds import HOST, SERVICE, WORKER
from streams.simulator.scenario import Scenario, days, hours, minutes
from streams.simulator.shapes import pulses

SCENARIOS: Final = (
    Scenario(
        "exfiltration_fast", "a great deal of data leaves within the hour",
        (HOST, SERVICE), (Add("bytes_sent", (8e6, 2e7)),), minutes(20, 50), ("threat", "anomaly"),
    ),
    Scenario(
        "exfiltration_slow", "somewhat more data leaves than usual, for days",
        (HOST, SERVICE), (Add("bytes_sent", (6e5, 9e5)),), days(2, 3),
        ("threat", "shift", "anomaly"),
    ),
    Scenario(
        "brute_force", "bursts of refused requests, as somebody guesses passwords",
        (SERVICE,),
        (Add("error_rate", (0.2, 0.5), pulses(5, 0.4)), Add("connections", (60, 120),
         pulses(5, 0.4))),
        minutes(60, 120), ("threat", "anomaly", "threshold"),
    ),
    Scenario(
        "crypto_mining", "the processor is busy at an even level, below every limit",
        (HOST, WORKER), (Add("cpu_usage", (22, 28)), Add("temperature", (6, 9))), hours(8, 16),
        ("threat", "shift", "decoupled", "anomaly"),
    ),
    Scenario(
        "coordinated_attack", "the same happens to all agents of a host within a minute",
        (SERVICE,),
        (Add("connections", (120, 200)), Add("network_latency", (8, 20)),
         Add("bytes_sent", (2e6, 4e6))),
        minutes(20, 60), ("threat", "anomaly"), together=4,
    ),
)  # fmt: skip
