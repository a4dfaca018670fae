"""How well an agent is: a level for automation, a score for people."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

PENALTY: Final = {
    "emergency": 100.0,
    "critical": 60.0,
    "high": 40.0,
    "warning": 20.0,
    "info": 5.0,
}
"""Points that an open finding of each severity takes away."""
_FAILURE: Final = 5.0
_FAILURES_AT_MOST: Final = 40.0
_HEALTHY_FROM: Final = 90.0
_DEGRADED_FROM: Final = 50.0
STEP: Final = 5.0
"""A score that moves by this much is news."""


class Level(StrEnum):
    """The level of health. The order is part of snapshots: append only."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    FAILING = "failing"


class Health(NamedTuple):
    """A level and a score, 0 to 100."""

    level: Level
    score: float


def health(severities: Iterable[str], failures: int, *, present: bool) -> Health:
    """Return the health of an agent.

    The score is 100, less `PENALTY` for each open finding, less 5 for each check failed in a
    row (40 at most), never below 0. From 90 it is healthy, from 50 degraded, below failing. An
    agent that is not heard from is unknown, with score 0.

    Parameters
    ----------
    severities : iterable of str
        Those of its open findings.
    failures : int
        Checks that failed in a row.
    present : bool
        Whether it is heard from.

    Examples
    --------
    >>> health(["warning"], 0, present=True)
    Health(level=<Level.DEGRADED: 'degraded'>, score=80.0)
    """
    if not present:
        return Health(Level.UNKNOWN, 0.0)
    lost = sum(PENALTY[severity] for severity in severities)
    lost += min(_FAILURE * failures, _FAILURES_AT_MOST)
    score = max(0.0, 100.0 - lost)
    if score >= _HEALTHY_FROM:
        return Health(Level.HEALTHY, score)
    return Health(Level.DEGRADED if score >= _DEGRADED_FROM else Level.FAILING, score)
