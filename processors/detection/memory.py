"""How the detector's memory lies in columns: single precision at rest, double while computed.

A value is rounded to single precision when it is kept, whoever computed it, so the path that was
taken (a vector or single values) leaves no trace.
"""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from processors.columns import Columns, Floats, Ints
from processors.detection import agent, series

SINGLE = npt.NDArray[np.float32]

_SIMPLE: Final = 4
_TAIL: Final = len(agent.Tail._fields)


def flat(a: agent.Agent) -> list[float]:
    """Return the fields of `a` one after another."""
    return [*a[:_SIMPLE], *a.now, *a.lasting, *a.relative, *a[_SIMPLE + 3 :]]


def nested(values: list[float]) -> agent.Agent:
    """Return what `flat` was given; also of a list of columns."""
    tails = [
        agent.Tail(*values[first : first + _TAIL])
        for first in range(_SIMPLE, _SIMPLE + 3 * _TAIL, _TAIL)
    ]
    return agent.Agent._make([*values[:_SIMPLE], *tails, *values[_SIMPLE + 3 * _TAIL :]])


SERIES_MEMORY: Final[dict[str, tuple[type[np.generic], float | tuple[float, ...]]]] = {
    "expected": (np.float64, 0.0),
    "known": (np.float32, tuple(series.BLANK[1:])),
    "hours": (np.float32, (0.0,) * 24),
    "weekdays": (np.float32, (0.0,) * 7),
    "judged_at": (np.float64, 0.0),
}
AGENT_MEMORY: Final[dict[str, tuple[type[np.generic], float | tuple[float, ...]]]] = {
    "evidence": (np.float32, tuple(flat(agent.BLANK))),
    "judged_at": (np.float64, 0.0),
    "alarm_since": (np.float64, np.inf),
}


class SeriesMemory(Protocol):
    """Columns of the memory of metrics."""

    expected: Floats
    known: SINGLE
    hours: SINGLE
    weekdays: SINGLE
    judged_at: Floats


class AgentMemory(Protocol):
    """Columns of the memory of agents; `alarm_since` is infinite where none stands."""

    evidence: SINGLE
    judged_at: Floats
    alarm_since: Floats


class OwnSeries(Columns):
    """The memory of metrics, by itself."""

    SPEC = SERIES_MEMORY
    expected: Floats
    known: SINGLE
    hours: SINGLE
    weekdays: SINGLE
    judged_at: Floats


class OwnAgents(Columns):
    """The memory of agents, by itself."""

    SPEC = AGENT_MEMORY
    evidence: SINGLE
    judged_at: Floats
    alarm_since: Floats


def wake(c: SeriesMemory, rows: Ints) -> None:
    """Forget everything of `rows` but the profiles of day and week: what is now is normal."""
    c.known[rows] = series.BLANK[1:]


def rest(a: AgentMemory, row: int) -> None:
    """Let the alarm of an agent stand no longer."""
    memory = nested(a.evidence[row].tolist())
    a.evidence[row] = flat(memory._replace(hold=0.0))
