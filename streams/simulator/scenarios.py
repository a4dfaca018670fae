"""Named sets of faults, placed by the seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from streams.simulator.faults import Fault, places
from streams.simulator.fleet import Fleet


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one kind of fault is drawn.

    Parameters
    ----------
    kind, metric
        As in `Fault`.
    magnitude : tuple of float
        The least and the most, in the metric's unit.
    lasts : float
        The part of the run that it lasts.
    agents : int
        How many are affected.
    """

    kind: str
    metric: str
    magnitude: tuple[float, float]
    lasts: float
    agents: int = 1


RECIPES: Final = {
    recipe.kind: recipe
    for recipe in (
        Recipe("leak", "memory_usage", (30, 60), 0.4),
        Recipe("creep", "response_time_avg", (100, 400), 0.4),
        Recipe("disk_filling", "disk_usage", (50, 70), 0.5),
        Recipe("spike", "cpu_usage", (40, 90), 0.05),
        Recipe("level_shift", "response_time_avg", (80, 300), 0.3),
        Recipe("error_burst", "error_rate", (0.2, 0.6), 0.1),
        Recipe("stuck", "cpu_usage", (0, 0), 0.3),
        Recipe("silence", "", (0, 0), 0.3),
        Recipe("flapping", "", (0, 0), 0.4),
        Recipe("noisy_neighbour", "cpu_usage", (40, 70), 0.2, agents=4),
        Recipe("cascade", "error_rate", (0.2, 0.5), 0.3, agents=5),
    )
}
SCENARIOS: Final[dict[str, tuple[str, ...]]] = {
    "calm": (),
    "mixed": tuple(RECIPES),
    "outage": ("silence", "flapping", "cascade"),
    "pressure": ("leak", "disk_filling", "noisy_neighbour", "creep"),
    "bursts": ("spike", "error_burst", "level_shift"),
}
_AGENTS_PER_ROUND: Final = 100
"""One round of a scenario's faults for each so many agents."""


def faults_of(scenario: str, fleet: Fleet, start: float, duration_s: float) -> list[Fault]:
    """Return the faults of `scenario` for a run, in order of their beginning.

    Raises
    ------
    ValueError
        If there is no such scenario; names those there are.
    """
    if scenario not in SCENARIOS:
        raise ValueError(f"scenario={scenario!r} is unknown; use one of {', '.join(SCENARIOS)}")
    rng = np.random.default_rng([fleet.seed, 3])
    rounds = max(1, len(fleet) // _AGENTS_PER_ROUND)
    drawn = [
        _draw(RECIPES[kind], rng, fleet, start, duration_s)
        for _ in range(rounds)
        for kind in SCENARIOS[scenario]
    ]
    return sorted(drawn, key=lambda fault: (fault.start, fault.kind, fault.agents))


def _draw(
    recipe: Recipe, rng: np.random.Generator, fleet: Fleet, start: float, duration_s: float
) -> Fault:
    # The first tenth stays healthy, so that there is something to compare with.
    begins = start + duration_s * float(rng.uniform(0.1, 1.0 - recipe.lasts))
    return Fault(
        recipe.kind,
        places(rng, fleet, recipe.agents),
        recipe.metric,
        begins,
        begins + duration_s * recipe.lasts,
        float(rng.uniform(*recipe.magnitude)),
    )
