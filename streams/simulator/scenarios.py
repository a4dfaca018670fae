"""Which faults a run has: named sets of scenarios, and where the seed places them."""

from __future__ import annotations

from typing import Final

from streams.simulator.catalogue import CATALOGUE
from streams.simulator.faults import Fault
from streams.simulator.fleet import Fleet
from streams.simulator.noise import drawn, key_of
from streams.simulator.scenario import Scenario

SETS: Final[dict[str, tuple[str, ...]]] = {
    "calm": (),
    "mixed": (
        "leak_fast", "creep", "disk_linear", "spike_train", "step_up", "error_burst", "stuck",
        "silence", "flap", "noisy_neighbour", "cascade",
    ),
    "outage": ("silence", "flap", "partial_outage", "cascade"),
    "pressure": ("leak_fast", "disk_linear", "noisy_neighbour", "creep"),
    "bursts": ("spike_train", "error_burst", "step_up"),
    "attacks": ("exfiltration_fast", "brute_force", "crypto_mining", "coordinated_attack"),
    "all": tuple(CATALOGUE),
}  # fmt: skip
_AGENTS_PER_ROUND: Final = 100
"""One round of a set's faults for each so many agents."""
_LONGEST: Final = 0.4
"""Of the run: in a short run, days become minutes."""
_CALM: Final = 0.1
"""The first tenth stays healthy, so that there is something to compare with."""


def named(name: str) -> tuple[Scenario, ...]:
    """Return the scenarios of a set, or the one scenario of that name.

    Raises
    ------
    ValueError
        If there is neither; names the sets there are.
    """
    if name in SETS:
        return tuple(CATALOGUE[each] for each in SETS[name])
    if name in CATALOGUE:
        return (CATALOGUE[name],)
    known = ", ".join(SETS)
    raise ValueError(f"scenario={name!r} is unknown; use one of {known}, or a name of --list")


def faults_of(name: str, fleet: Fleet, start: float, duration_s: float) -> list[Fault]:
    """Return the faults of a run, in order of their beginning.

    Raises
    ------
    ValueError
        If there is no such set or scenario.
    """
    rounds = max(1, len(fleet) // _AGENTS_PER_ROUND)
    found = [
        _placed(scenario, n, fleet, start, duration_s)
        for n in range(rounds)
        for scenario in named(name)
    ]
    return sorted(found, key=lambda fault: (fault.start, fault.scenario.name, fault.agents))


def _placed(scenario: Scenario, n: int, fleet: Fleet, start: float, duration_s: float) -> Fault:
    own = (fleet.seed, scenario.name, n)
    lasts = min(drawn(key_of(*own, "lasts"), *scenario.lasts_s), _LONGEST * duration_s)
    latest = start + duration_s - lasts
    begins = drawn(key_of(*own, "start"), start + _CALM * duration_s, latest)
    return Fault(scenario, _hit(scenario, n, fleet), begins, begins + lasts)


def _hit(scenario: Scenario, n: int, fleet: Fleet) -> tuple[int, ...]:
    """Return neighbours whose kind it can happen to; anybody where there are none."""
    fitting = [p for p, member in enumerate(fleet.members) if member.kind in scenario.kinds]
    among = fitting or list(range(len(fleet)))
    first = int(drawn(key_of(fleet.seed, scenario.name, n, "agents"), 0, len(among)))
    count = min(scenario.together, len(among))
    return tuple(sorted(among[(first + rank) % len(among)] for rank in range(count)))
