"""How freely an action may run: the one place where its mode is decided."""

from __future__ import annotations

from typing import Final

from config.actions import forms
from config.policy import ActionPolicy, LimitsPolicy, Policy

_FREEDOM: Final = ("observe", "approve", "propose", "auto")


def mode_of(name: str, policy: Policy, requested_by: str = "") -> str:
    """Return observe, propose, approve or auto for an action, under the policy.

    It is never freer than a gentler form of the same: who wants to be asked before a service is
    restarted wants to be asked before it is killed.

    What is never automatic is what the *action* may break: its risk. A finding's severity says
    how urgent help is, and must not forbid it; a dead service is a critical finding, and its
    restart, of low risk, has to start at once. A person who asks for a *propose* action has
    started it; one above the risk limit needs another person all the same.

    Examples
    --------
    >>> risky = ActionPolicy(mode="auto", risk=0.8)
    >>> kill = ActionPolicy(mode="auto", stronger_than="restart")
    >>> policy = Policy(actions={"restart": risky, "kill": kill, "start": ActionPolicy()})
    >>> mode_of("restart", policy), mode_of("kill", policy)
    ('approve', 'approve')
    >>> mode_of("start", policy), mode_of("start", policy, requested_by="ada")
    ('propose', 'auto')
    """
    modes = (
        _mode(policy.actions[each], policy.limits, requested_by)
        for each in forms(name, policy.actions)
    )
    return min(modes, key=_FREEDOM.index)


def _mode(action: ActionPolicy, limits: LimitsPolicy, requested_by: str) -> str:
    if action.mode == "observe":
        return "observe"
    if action.risk > limits.risk_needs_person:
        return "approve"
    if action.mode == "propose" and requested_by:
        return "auto"
    return action.mode
