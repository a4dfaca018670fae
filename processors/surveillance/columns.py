"""What surveillance knows of each agent and of each metric, by columns."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from processors.columns import Bools, Columns, Floats
from processors.detection.company import COMPANY_MEMORY
from processors.detection.course import COURSE_MEMORY, Counts
from processors.detection.memory import AGENT_MEMORY, SERIES_MEMORY


class AgentColumns(Columns):
    """What is known of each agent, by slot."""

    SPEC: ClassVar = {
        "status": (np.int8, -1),
        "last_seen": (np.float64, 0.0),
        "declared_at": (np.float64, -np.inf),
        "interval": (np.float64, 0.0),
        "failures": (np.int32, 0),
        "level": (np.int8, 0),
        "score": (np.float64, 0.0),
        "level_since": (np.float64, 0.0),
        "pace": (np.float32, 0.0),
        "jitter": (np.float32, 1.0),
        "lost": (np.float32, 0.0),
        "usually_lost": (np.float32, 1.0),
        "losing": (np.bool_, 0),
        "ahead": (np.float32, -np.inf),
        "way": (np.float32, np.nan),
        "off_by": (np.float32, 0.0),
        "off_since": (np.float64, 0.0),
        "off_windows": (np.int8, 0),
        "clock_off": (np.bool_, 0),
        **AGENT_MEMORY,
    }
    status: npt.NDArray[np.int8]
    last_seen: Floats
    declared_at: Floats
    interval: Floats
    failures: npt.NDArray[np.int32]
    level: npt.NDArray[np.int8]
    score: Floats
    level_since: Floats
    pace: npt.NDArray[np.float32]
    jitter: npt.NDArray[np.float32]
    lost: npt.NDArray[np.float32]
    usually_lost: npt.NDArray[np.float32]
    losing: Bools
    ahead: npt.NDArray[np.float32]
    way: npt.NDArray[np.float32]
    off_by: npt.NDArray[np.float32]
    off_since: Floats
    off_windows: npt.NDArray[np.int8]
    clock_off: Bools
    evidence: npt.NDArray[np.float32]
    judged_at: Floats
    alarm_since: Floats


class SeriesColumns(Columns):
    """What is known of each (agent, metric), by series."""

    SPEC: ClassVar = {
        "slot": (np.int32, -1),
        "metric": (np.int32, -1),
        "rule": (np.int16, -1),
        "watch": (np.int32, -1),
        "judged": (np.bool_, 0),
        "count": (np.int32, 0),
        "total": (np.float64, 0.0),
        "low": (np.float64, np.inf),
        "high": (np.float64, -np.inf),
        "last": (np.float64, 0.0),
        "last_at": (np.float64, -np.inf),
        "warning_since": (np.float64, np.inf),
        "critical_since": (np.float64, np.inf),
        "better_since": (np.float64, np.inf),
        "level": (np.int8, 0),
        **SERIES_MEMORY,
        **COURSE_MEMORY,
        **COMPANY_MEMORY,
    }
    slot: npt.NDArray[np.int32]
    metric: npt.NDArray[np.int32]
    rule: npt.NDArray[np.int16]
    watch: npt.NDArray[np.int32]
    judged: Bools
    count: npt.NDArray[np.int32]
    total: Floats
    low: Floats
    high: Floats
    last: Floats
    last_at: Floats
    warning_since: Floats
    critical_since: Floats
    better_since: Floats
    level: npt.NDArray[np.int8]
    expected: Floats
    known: npt.NDArray[np.float32]
    judged_at: Floats
    profile: npt.NDArray[np.int8]
    lessons: npt.NDArray[np.float32]
    held: npt.NDArray[np.float32]
    still: Counts
    stillest: Counts
    told: npt.NDArray[np.uint8]
    means: npt.NDArray[np.float32]
    steepness: npt.NDArray[np.float32]
    slopes: npt.NDArray[np.float32]
    company: npt.NDArray[np.float32]
