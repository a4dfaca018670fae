"""Topology as it is declared: what agents' labels say of hosts, groups and dependencies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from processors.incidents.state import Agent, IncidentsState, tenant_of
from streams.contracts.labels import dependencies, host_of

MAX_NEEDED: Final = 64
"""Agents that one is taken to need, those at second hand included."""
_DEPTH: Final = 4


def labelled(
    state: IncidentsState, key: str, agent_type: str, labels: Mapping[str, str], cap: int
) -> None:
    """Take an agent's type and labels as they are now."""
    agent = placed(key, agent_type, labels)
    before = state.agents.get(key)
    if agent == before or (before is None and len(state.agents) >= cap):
        return
    forget(state, key)
    state.agents[key] = agent
    for cohort in cohorts(key, agent):
        state.sizes[cohort] = state.sizes.get(cohort, 0) + 1


def forget(state: IncidentsState, key: str) -> None:
    """Forget an agent that is gone for good."""
    agent = state.agents.pop(key, None)
    if agent is None:
        return
    for cohort in cohorts(key, agent):
        state.sizes[cohort] -= 1
        if not state.sizes[cohort]:
            del state.sizes[cohort]


def placed(key: str, agent_type: str, labels: Mapping[str, str]) -> Agent:
    """Return where an agent with these labels stands."""
    tenant = tenant_of(key)
    needed = tuple(f"{tenant}/{name}" for name in dependencies(labels))
    host = host_of(key, agent_type, labels)
    return Agent(
        agent_type, host, labels.get("group", ""), labels.get("version", ""), needed[:MAX_NEEDED]
    )


def cohorts(key: str, agent: Agent) -> Iterator[str]:
    """Yield the cohorts of an agent, the most specific first."""
    tenant = tenant_of(key)
    if agent.group:
        yield f"group {tenant}/{agent.group}"
    if agent.agent_type and agent.version:
        yield f"version {tenant}/{agent.agent_type} {agent.version}"
    if agent.agent_type:
        yield f"type {tenant}/{agent.agent_type}"


def needed_by(state: IncidentsState, key: str) -> dict[str, int]:
    """Return whom an agent needs, also at second hand, with the distance; nearest first."""
    found: dict[str, int] = {}
    reached = [key]
    for distance in range(1, _DEPTH + 1):
        following: list[str] = []
        for each in reached:
            for name in directly_needed(state, each):
                if name != key and name not in found and len(found) < MAX_NEEDED:
                    found[name] = distance
                    following.append(name)
        reached = following
    return found


def directly_needed(state: IncidentsState, key: str) -> tuple[str, ...]:
    """Return whom an agent says that it needs."""
    agent = state.agents.get(key)
    return agent.depends_on if agent is not None else ()


def host_key(state: IncidentsState, key: str) -> str:
    """Return the agent that is the host of `key`; empty where that is itself, or unknown."""
    agent = state.agents.get(key)
    if agent is None or not agent.host or agent.agent_type == "host":
        return ""
    return f"{tenant_of(key)}/{agent.host}"
