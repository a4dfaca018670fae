"""By which links incidents are found: an index by agent, need and host, so that none is searched.

A link is entered with the time of the latest finding there; a finding finds it while its deviation
began within the window after that. Cost: one look-up a link, and a finding has at most about
`fleet.MAX_NEEDED` of them, however many incidents there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from processors.incidents.fleet import host_key, needed_by
from processors.incidents.state import Incident, IncidentsState, tenant_of

AGENT: Final = "agent "


class Link(NamedTuple):
    """A link to follow, and what it means; `open_agent` also links while that agent is failing."""

    key: str
    because: str
    open_agent: str = ""


def agent_link(key: str) -> str:
    """Return the link of an agent: an incident has one for each of its agents."""
    return AGENT + key


def to_follow(state: IncidentsState, key: str, followed: list[str]) -> Iterator[Link]:
    """Yield the links by which a finding of `key` finds its incident, the strongest first.

    Parameters
    ----------
    followed : list of str
        Agents that `key` was learnt to follow on, or they on it.
    """
    yield Link(agent_link(key), "time", key)
    for name in needed_by(state, key):
        yield Link(agent_link(name), "depends_on", name)
    yield Link(_need(key), "depends_on")
    yield from _by_host(state, key)
    for name in followed:
        yield Link(agent_link(name), "learnt")


def to_enter(state: IncidentsState, key: str) -> Iterator[str]:
    """Yield the links by which an incident with a finding of `key` is to be found."""
    yield agent_link(key)
    for name in needed_by(state, key):
        yield _need(name)
    agent = state.agents.get(key)
    if agent is not None and agent.host:
        yield _host(tenant_of(key), agent.host)


def linked(
    state: IncidentsState, link: Link, since: float, at: float, window_s: float
) -> Iterator[str]:
    """Yield the ids of the incidents that `link` leads to."""
    for incident_id, last in state.found_by.get(link.key, {}).items():
        incident = state.incidents[incident_id]
        if min(since, at) - last <= window_s or link.open_agent in incident.open_findings:
            yield incident_id


def enter(state: IncidentsState, incident: Incident, key: str, at: float) -> None:
    """Let `incident` be found by `key`."""
    last = max(at, incident.keys.get(key, at))
    incident.keys[key] = last
    state.found_by.setdefault(key, {})[incident.incident_id] = last


def leave(state: IncidentsState, incident: Incident) -> None:
    """Let `incident` not be found any more."""
    for key in incident.keys:
        found = state.found_by[key]
        del found[incident.incident_id]
        if not found:
            del state.found_by[key]


def _by_host(state: IncidentsState, key: str) -> Iterator[Link]:
    agent = state.agents.get(key)
    if agent is not None and agent.host:
        host = host_key(state, key)
        yield Link(_host(tenant_of(key), agent.host), "same_host")
        if host:
            yield Link(agent_link(host), "same_host", host)


def _need(key: str) -> str:
    return f"needs {key}"


def _host(tenant: str, host: str) -> str:
    return f"host {tenant}/{host}"
