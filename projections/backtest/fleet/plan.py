"""Who is hit by what, and when: cohorts of agents, and the faults of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from streams.simulator.catalogue import CATALOGUE
from streams.simulator.faults import Fault
from streams.simulator.fleet import PER_HOST, Fleet, Member
from streams.simulator.kinds import KINDS, Kind
from streams.simulator.noise import drawn, key_of
from streams.simulator.scenario import DAY_S, HOUR_S, Scenario, Verdict

CALM: Final = "calm"
EPOCH: Final = 1_767_571_200.0
"""5 January 2026, a Monday."""
_CALM_FOLD: Final = 5
"""So many times as many calm agents as others have: false alarms are rare."""
_REST_S: Final = 36 * HOUR_S
_EVENTS_AT_MOST: Final = 4
_LEARNING: Final = 0.5
"""The part of the time in which nothing happens: a detector must have seen each weekday."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """The agents that one scenario is tried on; without scenario, calm ones.

    Parameters
    ----------
    name : str
        The scenario's, or ``calm``.
    scenario : Scenario or None
        What happens to them.
    places : range
        Where they stand in the fleet.
    faults : tuple of Fault
        In order.
    """

    name: str
    scenario: Scenario | None
    places: range
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole trial.

    Parameters
    ----------
    seed : int
        Of everything that is drawn.
    days : float
        Simulated.
    fleet : Fleet
        Everybody.
    cohorts : tuple of Cohort
        Calm ones first.
    start, since, until : float
        When it begins, when the first fault may come, and when it ends; epoch seconds.
    """

    seed: int
    days: float
    fleet: Fleet
    cohorts: tuple[Cohort, ...]
    start: float
    since: float
    until: float

    @property
    def faults(self) -> list[Fault]:
        """All faults, in order of their beginning."""
        found = [fault for cohort in self.cohorts for fault in cohort.faults]
        return sorted(found, key=lambda fault: (fault.start, fault.agents))


def plan_of(seed: int, scenarios: Sequence[str], agents: int, days: float) -> Plan:
    """Return the trial of `scenarios`, each on at least `agents` agents, and of calm ones.

    What happens to an agent depends on the seed and its name alone: the same whatever else is
    tried beside it.

    Raises
    ------
    ValueError
        For a scenario that does not exist; names it.
    """
    unknown = [name for name in scenarios if name not in CATALOGUE]
    if unknown:
        raise ValueError(f"scenario {unknown[0]!r} is unknown; see homeostat simulate --list")
    chosen = [CATALOGUE[name] for name in dict.fromkeys(scenarios)]
    size = -(-agents // PER_HOST) * PER_HOST
    members = _members(CALM, size * _CALM_FOLD, KINDS)
    bounds = [range(len(members))]
    for scenario in chosen:
        bounds.append(range(len(members), len(members) + size))
        members += _members(scenario.name.replace("_", "-"), size, scenario.kinds)
    fleet = Fleet(members, seed, own_pace=True)
    since, until = EPOCH + _LEARNING * days * DAY_S, EPOCH + days * DAY_S
    cohorts = [Cohort(CALM, None, bounds[0], ())]
    cohorts += [
        Cohort(each.name, each, places, _faults(each, fleet, places, since, until))
        for each, places in zip(chosen, bounds[1:], strict=True)
    ]
    return Plan(seed, days, fleet, tuple(cohorts), EPOCH, since, until)


def _members(name: str, count: int, kinds: Sequence[Kind]) -> list[Member]:
    """Return `count` agents, those of a host of one kind."""
    return [Member(f"{name}-{n:03d}", kinds[n // PER_HOST % len(kinds)]) for n in range(count)]


def _faults(
    scenario: Scenario, fleet: Fleet, places: range, since: float, until: float
) -> tuple[Fault, ...]:
    if not scenario.effects:
        return ()
    together = scenario.together
    groups = [tuple(places[n : n + together]) for n in range(0, len(places), together)]
    found = [fault for group in groups for fault in _of(scenario, fleet, group, since, until)]
    return tuple(sorted(found, key=lambda fault: (fault.start, fault.agents)))


def _of(
    scenario: Scenario, fleet: Fleet, group: tuple[int, ...], since: float, until: float
) -> list[Fault]:
    """Return the faults of one group: as many as find room, each somewhere in its share."""
    least, longest = scenario.lasts_s
    room = int((until - since) / (longest + _REST_S))
    count = 1 if scenario.verdict is Verdict.CHANGE else max(1, min(_EVENTS_AT_MOST, room))
    share = (until - since) / count
    found = []
    for n in range(count):
        own = (fleet.seed, fleet.ids[group[0]], n)
        lasts = min(drawn(key_of(*own, "lasts"), least, longest), 0.5 * share)
        latest = max(0.0, share - lasts - min(_REST_S, 0.4 * share))
        begins = since + n * share + drawn(key_of(*own, "start"), 0.0, latest)
        found.append(Fault(scenario, group, begins, begins + lasts))
    return found
