"""Places within a tenant's limit."""

from __future__ import annotations

from config.policy import Policy
from processors.governor.state import GovernorState, tenant_of
from streams.contracts.events.agent import RegistrationDecided, RegistrationRequested


def answer(
    state: GovernorState, key: str, request: RegistrationRequested, policy: Policy
) -> RegistrationDecided:
    """Return whether an agent gets a place; one that has it keeps it."""
    agent = state.agents.get(key)
    limit = policy.tenant(tenant_of(key)).max_agents
    if agent is not None and agent.counted:
        return RegistrationDecided(request.agent_id, granted=True)
    if state.counts.get(tenant_of(key), 0) >= limit:
        return RegistrationDecided(request.agent_id, granted=False, reason="tenant_limit")
    return RegistrationDecided(request.agent_id, granted=True)
