"""Faults that are injected into a fleet, and what they do to its metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from streams.simulator.fleet import Fleet, Floats, Frame, bounded
from streams.simulator.kinds import COLUMN


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: the truth that detection is measured against.

    Parameters
    ----------
    kind : str
        One of `EFFECTS`.
    agents : tuple of int
        Places of the affected agents in the fleet; the first is the root cause.
    metric : str
        The metric that shows it first; empty for silence and flapping.
    start, end : float
        Seconds since the epoch.
    magnitude : float
        In the metric's unit; for silence and flapping unused.
    """

    kind: str
    agents: tuple[int, ...]
    metric: str
    start: float
    end: float
    magnitude: float

    def truth(self, fleet: Fleet) -> dict[str, Any]:
        """Return the fault as a line of the ground truth, agents by their ids."""
        return asdict(self) | {"agents": [fleet.ids[place] for place in self.agents]}


Held = dict[Fault, Floats]
Effect = Callable[[Fault, Frame, Held], None]


def _column(fault: Fault) -> int:
    return COLUMN[fault.metric]


def _progress(fault: Fault, at: float) -> float:
    return (at - fault.start) / (fault.end - fault.start)


def _grow(fault: Fault, frame: Frame, _: Held) -> None:
    rise = fault.magnitude * _progress(fault, frame.at)
    frame.values[list(fault.agents), _column(fault)] += rise


def _shift(fault: Fault, frame: Frame, _: Held) -> None:
    frame.values[list(fault.agents), _column(fault)] += fault.magnitude


def _stuck(fault: Fault, frame: Frame, held: Held) -> None:
    agents = list(fault.agents)
    first = held.setdefault(fault, frame.values[agents, _column(fault)].copy())
    frame.values[agents, _column(fault)] = first


def _silent(fault: Fault, frame: Frame, _: Held) -> None:
    frame.reporting[list(fault.agents)] = False


def _flapping(fault: Fault, frame: Frame, _: Held) -> None:
    if int(_progress(fault, frame.at) * 12) % 2 == 0:
        _silent(fault, frame, {})


def _noisy_neighbour(fault: Fault, frame: Frame, _: Held) -> None:
    """Let the first agent take the processor, and the others wait for it."""
    first, *others = fault.agents
    frame.values[first, COLUMN["cpu_usage"]] += fault.magnitude
    frame.values[others, COLUMN["response_time_avg"]] *= 1 + fault.magnitude / 20


def _cascade(fault: Fault, frame: Frame, _: Held) -> None:
    """Let errors and latency reach one agent after the other."""
    reached = 1 + int(_progress(fault, frame.at) * 2 * len(fault.agents))
    hit = list(fault.agents[:reached])
    frame.values[hit, COLUMN["error_rate"]] += fault.magnitude
    frame.values[hit, COLUMN["response_time_avg"]] *= 1 + 10 * fault.magnitude


EFFECTS: Final[dict[str, Effect]] = {
    "leak": _grow,
    "creep": _grow,
    "disk_filling": _grow,
    "spike": _shift,
    "level_shift": _shift,
    "error_burst": _shift,
    "stuck": _stuck,
    "silence": _silent,
    "flapping": _flapping,
    "noisy_neighbour": _noisy_neighbour,
    "cascade": _cascade,
}


def inject(frames: Iterable[Frame], faults: Sequence[Fault]) -> Iterator[Frame]:
    """Yield `frames` with the effects of those `faults` that are going on."""
    held: Held = {}
    for frame in frames:
        for fault in faults:
            if fault.start <= frame.at < fault.end:
                EFFECTS[fault.kind](fault, frame, held)
        bounded(frame.values)
        yield frame


def places(rng: np.random.Generator, fleet: Fleet, count: int) -> tuple[int, ...]:
    """Return `count` different agents, drawn from `rng`; fewer where the fleet is smaller."""
    drawn = rng.choice(len(fleet), size=min(count, len(fleet)), replace=False)
    return tuple(int(place) for place in drawn)
