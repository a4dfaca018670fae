"""Faults that are injected into a fleet: when, where, and what becomes of its measurements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from streams.simulator.effects import EARLY, Hit
from streams.simulator.fleet import Block, Fleet, Load, bounded
from streams.simulator.noise import Floats, key_of
from streams.simulator.scenario import Scenario, Verdict


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: the truth that detection is measured against.

    Parameters
    ----------
    scenario : Scenario
        What happens.
    agents : tuple of int
        Places of the affected agents in the fleet; the first is the root cause.
    start, end : float
        Seconds since the epoch. A change goes on after `end`; until then it is news.
    """

    scenario: Scenario
    agents: tuple[int, ...]
    start: float
    end: float

    @property
    def over(self) -> float:
        """When its effects end."""
        return float("inf") if self.scenario.verdict is Verdict.CHANGE else self.end

    def truth(self, fleet: Fleet) -> dict[str, Any]:
        """Return the fault as a line of the ground truth, agents by their ids."""
        return {
            "scenario": self.scenario.name,
            "verdict": self.scenario.verdict.value,
            "agents": [fleet.ids[place] for place in self.agents],
            "metrics": list(self.scenario.metrics),
            "start": self.start,
            "end": self.end,
            "expects": list(self.scenario.expects),
        }


def inject(
    fleet: Fleet, times: Iterable[tuple[int, Floats]], faults: Sequence[Fault]
) -> Iterator[Block]:
    """Yield what `fleet` measures at `times`, with the effects of `faults`."""
    for first, at in times:
        load = fleet.load(at)
        active = [fault for fault in faults if fault.start <= at[-1] and fault.over > at[0]]
        unmeasured = fleet.block(first, at, np.empty((len(at), len(fleet), 0)))
        for fault in active:
            _apply(fleet, fault, unmeasured, load, early=True)
        block = fleet.block(first, at, fleet.measured(at, load))
        for fault in active:
            _apply(fleet, fault, block, load, early=False)
        bounded(block.values)
        yield block


def _apply(fleet: Fleet, fault: Fault, block: Block, load: Load, *, early: bool) -> None:
    rows = slice(*np.searchsorted(block.at, (fault.start, fault.over)).tolist())
    for number, effect in enumerate(fault.scenario.effects):
        if isinstance(effect, EARLY) is early:
            key = key_of(fleet.seed, fault.scenario.name, fault.start, fault.agents[0], number)
            for rank, place in enumerate(fault.agents):
                before = rank / len(fault.agents)
                effect.apply(_hit(fleet, fault, block, load, (rows, place, before, key)))


def _hit(
    fleet: Fleet,
    fault: Fault,
    block: Block,
    load: Load,
    where: tuple[slice, int, float, np.uint64],
) -> Hit:
    rows, place, before, key = where
    at = block.at[rows]
    return Hit(
        fleet=fleet,
        place=place,
        before=before,
        key=key,
        start=fault.start,
        at=at,
        progress=((at - fault.start) / (fault.end - fault.start)).clip(0.0, 1.0),
        usual=load.usual[rows, place],
        job=load.job[rows, place],
        values=block.values[rows, place],
        reporting=block.reporting[rows, place],
        ahead=block.ahead[rows, place],
        late=block.late[rows, place],
        twice=block.twice[rows, place],
    )
