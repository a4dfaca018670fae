"""Cohorts: many agents of one group, type or version with the same symptom at about the same time.

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


class _Bar(NamedTuple):
    """What makes a cohort many: so many agents, on so many hosts, within a window."""

    cohort: str
    agents: int
    hosts: int
    window_s: float
    coordinated: bool


def shown(
    state: IncidentsState, key: str, data: FindingRaised, at: float, policy: IncidentPolicy
) -> list[Alike]:
    """Enter that `key` shows `data`; return the cohorts that are many now."""
    found = []
    for bar in _bars(state, key, data, policy):
        name = f"{bar.cohort}: {data.kind} {data.metric}".rstrip()
        showing = state.showing.setdefault(name, Showing(swept_at=at))
        _enter(showing, key, _host(state, key), at, bar)
        if showing.incident not in state.incidents:
            showing.incident = ""
        if showing.incident or _many(showing, at, bar):
            agents = () if showing.incident else tuple(sorted(showing.agents))
            many = len(showing.agents)
            found.append(Alike(name, showing.incident, agents, many, bar.coordinated))
    return found


def sweep(state: IncidentsState, at: float, policy: IncidentPolicy) -> None:
    """Forget what was shown longer ago than any window."""
    window_s = max(policy.window_s, policy.coordinated_window_s)
    for name in list(state.showing):
        _drop(state.showing[name], at, window_s)
        if not state.showing[name].agents:
            del state.showing[name]


def _bars(
    state: IncidentsState, key: str, data: FindingRaised, policy: IncidentPolicy
) -> Iterator[_Bar]:
    agent = state.agents.get(key)
    for cohort in cohorts(key, agent) if agent is not None else ():
        least = needed_for(state.sizes.get(cohort, 0), policy)
        yield _Bar(cohort, least, 1, policy.window_s, coordinated=False)
    if data.kind == THREAT and severity_rank(data.severity) <= _GRAVE:
        least, hosts = policy.coordinated_minimum, policy.coordinated_hosts
        name = f"threat {tenant_of(key)}"
        yield _Bar(name, least, hosts, policy.coordinated_window_s, coordinated=True)


def _host(state: IncidentsState, key: str) -> str:
    agent = state.agents.get(key)
    return agent.host if agent is not None and agent.host else key


def _enter(showing: Showing, key: str, host: str, at: float, bar: _Bar) -> None:
    # Four times a window, and not each time: a storm must not look at all of it again and again.
    if at - showing.swept_at > bar.window_s / 4.0:
        _drop(showing, at, bar.window_s)
        if len(showing.agents) < bar.agents - 1:
            showing.incident = ""  # what goes on is no more than what always happens
    showing.agents[key] = showing.hosts[host] = at


def _many(showing: Showing, at: float, bar: _Bar) -> bool:
    if len(showing.agents) < bar.agents or len(showing.hosts) < bar.hosts:
        return False
    _drop(showing, at, bar.window_s)
    return len(showing.agents) >= bar.agents and len(showing.hosts) >= bar.hosts


def _drop(showing: Showing, at: float, window_s: float) -> None:
    showing.agents = {key: seen for key, seen in showing.agents.items() if at - seen <= window_s}
    showing.hosts = {host: seen for host, seen in showing.hosts.items() if at - seen <= window_s}
    if not showing.agents:
        showing.incident = ""
    showing.swept_at = at
