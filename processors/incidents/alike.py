"""Cohorts: many of one group, type or version that show the same at about the same time.

How many are many: the policy's share of the cohort, but not more than what chance would bring a
cohort of this size, by the normal approximation of a Poisson count (mean, four deviations, and
three for small means). So three of ten make a cohort, and ten of a thousand.

A threat of a high severity is the same everywhere: agents of several hosts that show one within a
short window are its cohort, whatever they are. That is what *coordinated* means.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import Final, NamedTuple

from config.incidents import IncidentPolicy
from processors.incidents.fleet import cohorts
from processors.incidents.state import IncidentsState, Showing, tenant_of
from streams.contracts.events.finding import FindingRaised, severity_rank

THREAT: Final = "threat"
_GRAVE: Final = severity_rank("high")
"""Fainter threats than these are shown by many without a common cause."""


class Alike(NamedTuple):
    """A cohort that a finding completes, or adds to.

    Parameters
    ----------
    incident : str
        The incident that brought it together before; empty where it is new.
    agents : tuple of str
        Who shows the same; empty where `incident` has them.
    many : int
        How many they are.
    coordinated : bool
        Whether it is one threat over several hosts.
    """

    name: str
    incident: str
    agents: tuple[str, ...]
    many: int
    coordinated: bool


def needed_for(size: int, policy: IncidentPolicy) -> int:
    """Return how many agents of a cohort of `size` must show the same.

    Examples
    --------
    >>> [needed_for(size, IncidentPolicy()) for size in (4, 20, 1000, 20_000)]
    [3, 4, 11, 69]
    """
    chance = size * policy.background
    enough = min(size * policy.cohort_share, chance + 4.0 * sqrt(chance) + 3.0)
    return max(policy.cohort_minimum, int(enough) + (enough > int(enough)))


def shown(
    state: IncidentsState, key: str, data: FindingRaised, at: float, policy: IncidentPolicy
) -> list[Alike]:
    """Enter that `key` shows `data`; return the cohorts that are many now."""
    found = []
    for cohort, coordinated in _cohorts(state, key, data):
        name = f"{cohort}: {data.kind} {data.metric}".rstrip()
        window_s = policy.coordinated_window_s if coordinated else policy.window_s
        showing = state.showing.setdefault(name, Showing(swept_at=at))
        if at - showing.swept_at > window_s / 4.0:  # a storm must not look at all of it each time
            _drop(showing, at, window_s)
        agent = state.agents.get(key)
        showing.agents[key] = at
        showing.hosts[agent.host if agent is not None and agent.host else key] = at
        if showing.incident not in state.incidents:
            showing.incident = ""
        least = _least(state, cohort, policy, coordinated=coordinated)
        if showing.incident or _many(showing, at, window_s, least):
            agents = () if showing.incident else tuple(sorted(showing.agents))
            count = len(showing.agents)
            found.append(Alike(name, showing.incident, agents, count, coordinated))
    return found


def sweep(state: IncidentsState, at: float, policy: IncidentPolicy) -> None:
    """Forget what was shown longer ago than any window."""
    window_s = max(policy.window_s, policy.coordinated_window_s)
    for name in list(state.showing):
        _drop(state.showing[name], at, window_s)
        if not state.showing[name].agents:
            del state.showing[name]


def _cohorts(state: IncidentsState, key: str, data: FindingRaised) -> Iterator[tuple[str, bool]]:
    agent = state.agents.get(key)
    if agent is not None:
        yield from ((cohort, False) for cohort in cohorts(key, agent))
    if data.kind == THREAT and severity_rank(data.severity) <= _GRAVE:
        yield f"threat {tenant_of(key)}", True


def _least(
    state: IncidentsState, cohort: str, policy: IncidentPolicy, *, coordinated: bool
) -> tuple[int, int]:
    """Return how many agents, and hosts, must show the same."""
    if coordinated:
        return policy.coordinated_minimum, policy.coordinated_hosts
    return needed_for(state.sizes.get(cohort, 0), policy), 1


def _many(showing: Showing, at: float, window_s: float, least: tuple[int, int]) -> bool:
    agents, hosts = least
    if len(showing.agents) < agents or len(showing.hosts) < hosts:
        return False
    _drop(showing, at, window_s)
    return len(showing.agents) >= agents and len(showing.hosts) >= hosts


def _drop(showing: Showing, at: float, window_s: float) -> None:
    showing.agents = {key: seen for key, seen in showing.agents.items() if at - seen <= window_s}
    showing.hosts = {host: seen for host, seen in showing.hosts.items() if at - seen <= window_s}
    if not showing.agents:
        showing.incident = ""
    showing.swept_at = at
