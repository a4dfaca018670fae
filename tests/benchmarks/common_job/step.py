"""The common job as a vectorised `Step`: an example to start from.

Three habits make a step fast. It decodes a whole fetch into columns, a row each agent; it folds
each column with one expression; and what it says of many agents at once is one fact. One rule
keeps it deterministic: state advances per agent in the order of records, so where an agent occurs
twice in a fetch, the fetch is folded in rounds, the k-th records of all agents together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar, Final

import msgspec
import numpy as np

from processors.columns import Columns, Floats, Ints
from processors.dead_letters import dead_letter
from processors.step import Context, Emission, Fact
from streams.contracts.errors import MalformedRecord
from streams.contracts.events.registry import EVENT_TYPES, EventType
from streams.contracts.record import Record
from streams.contracts.topics import Kind, Topic
from tests.benchmarks.common_job.job import METRICS, WIDTH_S, Beat, decode, values_of

INBOX: Final = Topic("common-job", Kind.INBOX)
RESULTS: Final = Topic("common-job.windows", Kind.FACTS)
_AGENTS_AT_MOST: Final = 500


class WindowsScored(msgspec.Struct, frozen=True):
    """One window of many agents, by columns; `means` and `peaks` hold one list a metric."""

    start: float
    agents: list[str]
    count: list[int]
    means: list[list[float]]
    peaks: list[list[float]]


SCORED: Final = EventType("common_job.windows_scored", WindowsScored, (RESULTS,))
_BLANK: Final = (0.0,) * len(METRICS)


class AgentColumns(Columns):
    """What is known of each agent; four values wide where there is one a metric."""

    SPEC: ClassVar = {
        "count": (np.int64, 0),
        "totals": (np.float64, _BLANK),
        "peaks": (np.float64, _BLANK),
        "seen": (np.int64, 0),
        "means": (np.float64, _BLANK),
        "squares": (np.float64, _BLANK),
    }
    count: Ints
    totals: Floats
    peaks: Floats
    seen: Ints
    means: Floats
    squares: Floats


@dataclass(slots=True)
class State:
    """The agents of one partition, and the open window."""

    agents: AgentColumns = field(default_factory=AgentColumns)
    slots: dict[str, int] = field(default_factory=dict)
    start: float = -1.0


class CommonJob:
    """Windows and z-scores of every agent; see `job` for the definition."""

    def __init__(self, name: str = "common-job") -> None:
        self.name = name
        self.version = 1
        self.inbox = INBOX
        self.writes: tuple[EventType, ...] = (SCORED, EVENT_TYPES["record.dead_lettered"])

    def initial(self, context: Context) -> State:
        return State()

    def apply(self, state: State, records: Sequence[Record]) -> list[Emission]:
        """Fold window by window: the first record of the next one ends the one before it."""
        beats, offsets, emissions = _decoded(records)
        if not beats:
            return emissions
        starts = np.array([beat.at for beat in beats]) // WIDTH_S * WIDTH_S
        starts = np.maximum(np.maximum.accumulate(starts), state.start)
        edges = [0, *(np.flatnonzero(np.diff(starts)) + 1).tolist(), len(beats)]
        for first, end in pairwise(edges):
            if starts[first] > state.start:
                emissions += _close(state, offsets[first])
                state.start = float(starts[first])
            _fold(state, beats[first:end])
        emissions.sort(key=lambda emission: emission.offset)
        return emissions

    def dump(self, state: State) -> bytes:
        agents = state.agents
        return msgspec.msgpack.encode((agents.size, agents.dump(), list(state.slots), state.start))

    def load(self, context: Context, data: bytes) -> State:
        size, columns, names, start = msgspec.msgpack.decode(data)
        state = State(slots={name: slot for slot, name in enumerate(names)}, start=start)
        state.agents.load(size, [], columns)
        return state

    def next_due(self, state: State) -> float | None:
        return None


def _decoded(records: Sequence[Record]) -> tuple[list[Beat], list[int], list[Emission]]:
    """Return what could be read, where it lies, and a dead letter for each of the others."""
    try:
        return [decode(r.value or b"") for r in records], [r.offset for r in records], []
    except msgspec.MsgspecError as error:
        if len(records) == 1:
            letter = dead_letter(records[0], MalformedRecord("malformed_telemetry", str(error)))
            return [], [], [Emission(records[0].offset, letter)]
    half = len(records) // 2
    parts: Any = zip(_decoded(records[:half]), _decoded(records[half:]), strict=True)
    beats, offsets, letters = (first + second for first, second in parts)
    return beats, offsets, letters


def _fold(state: State, beats: Sequence[Beat]) -> None:
    slots = np.array([_slot(state, beat.agent_id) for beat in beats])
    values = np.array([values_of(beat) for beat in beats])
    for rows in _rounds(slots):
        _advance(state.agents, slots[rows], values[rows])


def _slot(state: State, agent: str) -> int:
    slot = state.slots.get(agent)
    if slot is None:
        slot = state.slots[agent] = state.agents.take()
    return slot


def _rounds(slots: Ints) -> Iterator[Any]:
    """Yield rows without any slot twice: first all first occurrences, then all second ones."""
    order = np.argsort(slots, kind="stable")
    begins = np.flatnonzero(np.diff(slots[order], prepend=-1))
    if len(begins) == len(slots):
        yield slice(None)
        return
    sizes = np.diff(begins, append=len(slots))
    nth = np.empty_like(slots)
    nth[order] = np.arange(len(slots)) - np.repeat(begins, sizes)
    for k in range(int(sizes.max())):
        yield np.flatnonzero(nth == k)


def _advance(c: AgentColumns, slots: Ints, values: Floats) -> None:
    """Fold one heartbeat of each of `slots`."""
    seen = c.seen[slots][:, None]
    means, squares = c.means[slots], c.squares[slots]
    away = values - means
    spread = np.sqrt(squares / np.maximum(seen, 1))
    known = (seen >= 2) & (squares > 0)
    scores = np.divide(np.abs(away), spread, out=np.zeros_like(away), where=known)
    means += away / (seen + 1)
    c.squares[slots] = squares + away * (values - means)
    c.means[slots] = means
    c.seen[slots] += 1
    c.count[slots] += 1
    c.totals[slots] += values
    c.peaks[slots] = np.maximum(c.peaks[slots], scores)


def _close(state: State, offset: int) -> list[Emission]:
    """Write the open window of every agent that was heard in it."""
    c, names = state.agents, list(state.slots)
    filled = np.flatnonzero(c.count[: c.size])
    emissions = []
    for first in range(0, len(filled), _AGENTS_AT_MOST):
        rows = filled[first : first + _AGENTS_AT_MOST]
        data = WindowsScored(
            start=state.start,
            agents=[names[row] for row in rows.tolist()],
            count=c.count[rows].tolist(),
            means=(c.totals[rows] / c.count[rows][:, None]).T.tolist(),
            peaks=c.peaks[rows].T.tolist(),
        )
        fact = Fact("default/windows", data, state.start + WIDTH_S, kind=SCORED)
        emissions.append(Emission(offset, fact))
    c.count[filled], c.totals[filled], c.peaks[filled] = 0, 0.0, 0.0
    return emissions
