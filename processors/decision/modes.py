"""How freely an action may run: the one place where its mode is decided."""

from __future__ import annotations

from config.policy import ActionPolicy, LimitsPolicy


def mode_of(action: ActionPolicy, limits: LimitsPolicy, requested_by: str = "") -> str:
    """Return observe, propose, approve or auto for an action, under the limits.

    What is never automatic is what the *action* may break: its risk. A finding's severity says
    how urgent help is, and must not forbid it; a dead service is a critical finding, and its
    restart, of low risk, has to start at once. A person who asks for a *propose* action has
    started it; one above the risk limit needs another person all the same.

    Examples
    --------
    >>> mode_of(ActionPolicy(mode="auto", risk=0.8), LimitsPolicy())
    'approve'
    >>> mode_of(ActionPolicy(mode="propose", risk=0.2), LimitsPolicy(), requested_by="ada")
    'auto'
    """
    if action.mode == "observe":
        return "observe"
    if action.risk > limits.risk_needs_person:
        return "approve"
    if action.mode == "propose" and requested_by:
        return "auto"
    return action.mode
