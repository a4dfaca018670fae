"""What piles up, and what is asked again and again."""

from __future__ import annotations

from typing import Final

from streams.simulator.effects import Add, Scale, Work
from streams.simulator.kinds import MODEL_SERVER, SERVICE, WORKER
from streams.simulator.scenario import Scenario, hours
from streams.simulator.shapes import RAMP, filling

SCENARIOS: Final = (
    Scenario(
        "queue_backlog", "more comes in than is done",
        (WORKER, MODEL_SERVER),
        (Add("queue_depth", (300, 900), RAMP), Scale("response_time_avg", (1.2, 1.6), RAMP)),
        hours(3, 6), ("trend", "anomaly", "threshold"),
    ),
    Scenario(
        "retry_storm", "what fails is asked again, and so more fails",
        (SERVICE,),
        (Work((1.6, 2.2), filling(0.5)), Add("error_rate", (0.05, 0.2), filling(0.5)),
         Scale("connections", (1.5, 2.5), filling(0.5))),
        hours(1, 2), ("anomaly", "threshold"),
    ),
    Scenario(
        "cache_collapse", "the cache is empty, and everything is asked of the back end",
        (SERVICE,),
        (Scale("cache_hit_rate", (0.2, 0.5)), Scale("response_time_avg", (1.4, 2)),
         Scale("network_latency", (1.2, 1.5))),
        hours(1, 3), ("anomaly", "threshold", "shift"),
    ),
)  # fmt: skip
