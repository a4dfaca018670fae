"""How news of agents changes what the governor knows: places, groups, health, who fell at once."""

from __future__ import annotations

from processors.governor.state import Agent, GovernorState, group_key, tenant_of
from streams.contracts.events.agent import (
    AgentHealthChanged,
    AgentLabelled,
    AgentRegistered,
    AgentStatusChanged,
    RegistrationDecided,
)
from streams.contracts.labels import dependencies, host_of


def registered(state: GovernorState, key: str, data: AgentRegistered, at: float) -> None:
    """Fold a first sighting; a provisional agent has no place yet."""
    agent = _known(state, key, at)
    _label(state, key, agent, data.agent_type, data.labels)
    if not data.provisional:
        _count(state, key, agent)


def labelled(state: GovernorState, key: str, data: AgentLabelled, at: float) -> None:
    """Fold a change of type or labels."""
    _label(state, key, _known(state, key, at), data.agent_type, data.labels)


def decided(state: GovernorState, key: str, data: RegistrationDecided, at: float) -> None:
    """Fold our own answer to a request for a place."""
    if data.granted:
        _count(state, key, _known(state, key, at))


def status_changed(
    state: GovernorState, key: str, data: AgentStatusChanged, at: float, settling_s: float
) -> None:
    """Fold a move of the lifecycle; a decommissioned agent gives its place back."""
    if data.status == "decommissioned":
        _forget(state, key)
        return
    agent = _known(state, key, at)
    before = agent.unwell
    agent.status = data.status
    _turn(state, key, agent, at, settling_s, before=before)


def health_changed(
    state: GovernorState, key: str, data: AgentHealthChanged, at: float, settling_s: float
) -> None:
    """Fold a change of health."""
    agent = _known(state, key, at)
    before = agent.unwell
    agent.level = data.level
    _turn(state, key, agent, at, settling_s, before=before)


def _known(state: GovernorState, key: str, at: float) -> Agent:
    """Return the agent, new to its tenant if nobody has spoken of it before."""
    agent = state.agents.get(key)
    if agent is None:
        agent = state.agents[key] = Agent(heard_at=at)
        state.known[tenant_of(key)] = state.known.get(tenant_of(key), 0) + 1
    return agent


def _turn(
    state: GovernorState, key: str, agent: Agent, at: float, settling_s: float, *, before: bool
) -> None:
    tenant = tenant_of(key)
    if agent.unwell and not before:
        well_since, agent.well_since = agent.well_since, None
        agent.fell = well_since is not None and at - well_since >= settling_s
        state.fallen[tenant] = state.fallen.get(tenant, 0) + (1 if agent.fell else 0)
    elif not agent.unwell and (before or agent.well_since is None):
        state.fallen[tenant] = state.fallen.get(tenant, 0) - (1 if agent.fell else 0)
        agent.fell, agent.recovered = False, agent.recovered or before
        agent.well_since = at if agent.level == "healthy" else None


def _label(
    state: GovernorState, key: str, agent: Agent, agent_type: str, labels: dict[str, str]
) -> None:
    _leave_group(state, key, agent)
    agent.agent_type = agent_type
    agent.host = host_of(key, agent_type, labels)
    agent.group = labels.get("group", "")
    agent.managed = labels.get("managed") == "true"
    agent.depends_on = dependencies(labels)
    if agent.group:
        state.groups.setdefault(group_key(key, agent.group), []).append(key)


def _leave_group(state: GovernorState, key: str, agent: Agent) -> None:
    members = state.groups.get(group_key(key, agent.group), [])
    if key in members:
        members.remove(key)


def _count(state: GovernorState, key: str, agent: Agent) -> None:
    if not agent.counted:
        agent.counted = True
        state.counts[tenant_of(key)] = state.counts.get(tenant_of(key), 0) + 1


def _forget(state: GovernorState, key: str) -> None:
    agent = state.agents.pop(key, None)
    if agent is None:
        return
    _leave_group(state, key, agent)
    tenant = tenant_of(key)
    state.known[tenant] -= 1
    state.counts[tenant] = state.counts.get(tenant, 0) - (1 if agent.counted else 0)
    state.fallen[tenant] = state.fallen.get(tenant, 0) - (1 if agent.fell else 0)
