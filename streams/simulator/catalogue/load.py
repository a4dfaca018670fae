"""What is no fault: quiet days, busy days, and what people plan."""

from __future__ import annotations

from typing import Final

from streams.simulator.effects import Work
from streams.simulator.kinds import HOST, MODEL_SERVER, SERVICE, WORKER
from streams.simulator.scenario import Scenario, Verdict, days, hours
from streams.simulator.shapes import HUMP

SCENARIOS: Final = (
    Scenario(
        "seasonal_load", "days go from night to noon as they always do",
        (SERVICE, MODEL_SERVER), (), days(1, 2), (), Verdict.BENIGN,
    ),
    Scenario(
        "weekend_dip", "the week-end is quiet, as every week-end",
        (SERVICE, HOST), (), days(1, 2), (), Verdict.BENIGN,
    ),
    Scenario(
        "busy_day", "a day somewhat busier than usual, everything in proportion",
        (SERVICE, WORKER), (Work((1.08, 1.15)),), hours(18, 24), (), Verdict.BENIGN,
    ),
    Scenario(
        "marketing_peak", "a planned peak, far above every day before; everything in proportion, "
        "nothing fails: worth a word, but nobody has to act",
        (SERVICE,), (Work((1.5, 1.8), HUMP),), hours(4, 6), ("anomaly",), Verdict.NOTABLE,
    ),
)  # fmt: skip
