"""Recovery in dependency order: what a target needs is healed first."""

from __future__ import annotations

from processors.governor.state import GovernorState, tenant_of
from processors.governor.verdicts import Situation


def waits_for(situation: Situation) -> str:
    """Return the first dependency that the target has to wait for, or nothing.

    A target waits for what is managed and unwell, and shortly for what has only just, or not
    yet, been heard of: at a start, dependencies may report after their dependents. Dependencies
    in a circle do not wait for each other, or none would ever start. A person's wish does not
    wait.
    """
    work = situation.work
    if situation.by_person:
        return ""
    tenant = tenant_of(work.subject)
    names = work.proposal.depends_on
    waiting = (name for name in names if _not_ready(situation, f"{tenant}/{name}"))
    return next(waiting, "")


def _not_ready(situation: Situation, needed: str) -> bool:
    agent = situation.state.agents.get(needed)
    if agent is None:
        return situation.at - situation.work.proposed_at < situation.limits.settling_s
    if agent.managed and agent.unwell:
        return not _needs(situation.state, needed, situation.work.subject)
    settled = agent.recovered or situation.at - agent.heard_at >= situation.limits.settling_s
    return agent.managed and not settled


def _needs(state: GovernorState, who: str, what: str) -> bool:
    """Say whether `who` depends on `what`, directly or through others."""
    tenant, seen, open_keys = tenant_of(who), {who}, [who]
    while open_keys:
        agent = state.agents.get(open_keys.pop())
        for name in agent.depends_on if agent else ():
            key = f"{tenant}/{name}"
            if key == what:
                return True
            if key not in seen:
                seen.add(key)
                open_keys.append(key)
    return False
