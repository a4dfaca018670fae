"""How the detector's memory lies in columns: single precision at rest, double while computed.

A value is rounded to single precision when it is kept, whoever computed it, so the path that was
taken (a vector or single values) leaves no trace.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from processors.columns import Columns, Floats, Ints
from processors.detection import agent, series, tail
from processors.detection.profile import PROFILE_MEMORY, season_at

SINGLE = npt.NDArray[np.float32]

_SIMPLE: Final = agent.Agent._fields.index("now")
_KNOWN: Final = series.Series._fields[1:]
_SAMPLES: Final = _KNOWN.index("samples")
_DOUBTED: Final = 8.0
_VARIANCE: Final = _KNOWN.index("variance")
_AGE: Final = _KNOWN.index("age")
_SHORT: Final = _KNOWN.index("short")
_RELATIVE: Final = slice(_SHORT, _KNOWN.index("left_low"))
"""What is kept relative to the level."""
_TAIL: Final = len(tail.Tail._fields)


def gathered(wide: SINGLE, rows: Ints) -> Floats:
    """Return `rows` of a wide column in double precision, each of its places by itself."""
    return wide.take(rows, axis=0).T.astype(np.float64, order="C")


def scatter(wide: SINGLE, rows: Ints, places: Sequence[Any]) -> None:
    """Keep what `gathered` returned, in single precision."""
    rounded = np.empty((len(rows), len(places)), dtype=np.float32)
    for place, values in enumerate(places):
        rounded[:, place] = values
    row = np.dtype((np.void, rounded.strides[0]))  # written as one thing, it costs half
    np.put(wide.view(row)[:, 0], rows, rounded.view(row)[:, 0], mode="clip")


def flat(a: agent.Agent) -> list[float]:
    """Return the fields of `a` one after another."""
    return [*a[:_SIMPLE], *a.now, *a.lasting, *a.relative, *a[_SIMPLE + 3 :]]


def nested(values: Sequence[Any]) -> agent.Agent:
    """Return what `flat` was given; also of a list of columns."""
    tails = [
        tail.Tail(*values[first : first + _TAIL])
        for first in range(_SIMPLE, _SIMPLE + 3 * _TAIL, _TAIL)
    ]
    return agent.Agent._make([*values[:_SIMPLE], *tails, *values[_SIMPLE + 3 * _TAIL :]])


SERIES_MEMORY: Final[dict[str, tuple[type[np.generic], float | tuple[float, ...]]]] = {
    "expected": (np.float64, 0.0),
    "known": (np.float32, tuple(series.BLANK[1:])),
    "judged_at": (np.float64, 0.0),
    **PROFILE_MEMORY,
}
AGENT_MEMORY: Final[dict[str, tuple[type[np.generic], float | tuple[float, ...]]]] = {
    "evidence": (np.float32, tuple(flat(agent.BLANK))),
    "judged_at": (np.float64, 0.0),
    "alarm_since": (np.float64, np.inf),
}


PACKED_SERIES: Final = struct.Struct(f"<{len(_KNOWN)}f")
"""One row of ``known``: a tenth of what NumPy asks for a row of numbers."""
PACKED_LESSONS: Final = struct.Struct("<3f")
"""One row of ``lessons``."""
PACKED_AGENT: Final = struct.Struct(f"<{len(flat(agent.BLANK))}f")
"""One row of ``evidence``."""


class SeriesMemory(Protocol):
    """Columns of the memory of metrics."""

    expected: Floats
    known: SINGLE
    judged_at: Floats
    profile: npt.NDArray[np.int8]
    lessons: SINGLE


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
    judged_at: Floats
    profile: npt.NDArray[np.int8]
    lessons: SINGLE


class OwnAgents(Columns):
    """The memory of agents, by itself."""

    SPEC = AGENT_MEMORY
    evidence: SINGLE
    judged_at: Floats
    alarm_since: Floats


def accept(c: SeriesMemory, rows: Ints, at: float) -> None:
    """Take what the metrics in `rows` show of late for usual at `at`; what was seen stays seen."""
    known = c.known[rows].astype(np.float64)
    shift = known[:, _SHORT] - season_at(c, rows, at)
    c.expected[rows] += shift
    known[:, _RELATIVE] -= shift[:, None]
    known[:, _SAMPLES] = np.minimum(known[:, _SAMPLES], series.JUDGED_FROM)
    c.known[rows] = known


def doubt(c: SeriesMemory, rows: Ints) -> None:
    """Learn the metrics in `rows` as quickly as new ones, and do not judge them meanwhile."""
    known = c.known[rows]
    known[:, _SAMPLES] = np.minimum(known[:, _SAMPLES], _DOUBTED)
    c.known[rows] = known


def age_and_samples(c: SeriesMemory, rows: Ints) -> tuple[Floats, Floats]:
    """Return for how many days the metrics in `rows` are known, and from how many values."""
    known = c.known
    return known[rows, _AGE].astype(np.float64), known[rows, _SAMPLES].astype(np.float64)


def variance(c: SeriesMemory, rows: Ints) -> Floats:
    """Return the variance of what the season leaves over, of the metrics in `rows`."""
    found: Floats = c.known[rows, _VARIANCE].astype(np.float64)
    return found


def forget(c: SeriesMemory, rows: Ints) -> None:
    """Know nothing of the metrics in `rows`, until they are learnt anew."""
    for name, (_, blank) in SERIES_MEMORY.items():
        getattr(c, name)[rows] = blank


def rest(a: AgentMemory, row: int) -> None:
    """Let the alarm of an agent stand no longer, though its cause may last.

    One that ends by itself needs none of it: what was seen before stays known, as faults come back
    before they go.
    """
    keep(a, row, remembered(a, row)._replace(hold=0.0, smoothed=0.0, lately=0.0))


def remembered(a: AgentMemory, row: int) -> agent.Agent:
    """Return the memory of one agent."""
    return nested(PACKED_AGENT.unpack_from(a.evidence.data, row * PACKED_AGENT.size))


def keep(a: AgentMemory, row: int, memory: agent.Agent) -> None:
    """Keep the memory of one agent."""
    PACKED_AGENT.pack_into(a.evidence.data, row * PACKED_AGENT.size, *flat(memory))
