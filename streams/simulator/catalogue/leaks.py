"""What is taken and not given back: memory, descriptors, connections."""

from __future__ import annotations

from typing import Final

from streams.simulator.effects import Add, Scale, Work
from streams.simulator.kinds import HOST, SERVICE, WORKER
from streams.simulator.scenario import Scenario, days, hours
from streams.simulator.shapes import RAMP, teeth

SCENARIOS: Final = (
    Scenario(
        "leak_fast", "memory grows within hours, until a restart",
        (SERVICE, WORKER), (Add("memory_usage", (30, 45), RAMP),), hours(3, 6),
        ("trend", "anomaly", "threshold"),
    ),
    Scenario(
        "leak_slow", "memory grows for days, within its usual range at first",
        (SERVICE, WORKER), (Add("memory_usage", (22, 32), RAMP),), days(3, 4),
        ("trend", "anomaly", "threshold"),
    ),
    Scenario(
        "leak_sawtooth", "memory grows, a restart frees it, and it grows again",
        (SERVICE, WORKER), (Add("memory_usage", (25, 40), teeth(5)),), days(1.2, 2),
        ("trend", "anomaly", "threshold"),
    ),
    Scenario(
        "fd_leak", "open files grow until the limit is near",
        (HOST, SERVICE), (Scale("open_files", (5, 8), RAMP),), hours(12, 24),
        ("trend", "anomaly"),
    ),
    Scenario(
        "connection_leak", "connections are opened and not closed",
        (SERVICE,),
        (Add("connections", (150, 300), RAMP), Add("open_files", (150, 300), RAMP)),
        hours(6, 12), ("trend", "anomaly"),
    ),
    Scenario(
        "memory_fragmentation", "memory grows while there is less and less to do",
        (WORKER,),
        (Work((0.85, 0.9), RAMP), Add("memory_usage", (12, 18), RAMP),
         Scale("gc_pause_ms", (1.5, 2), RAMP)),
        days(3, 4), ("trend", "anomaly"),
    ),
)  # fmt: skip
