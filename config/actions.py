"""What can be done, and how freely."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from config.quantities import Duration, PolicyPart, Positive, Seconds, Share


class ActionPolicy(PolicyPart, frozen=True):
    """What is known of an action before it was ever tried, and how freely it may run.

    Parameters
    ----------
    mode : str
        observe (only say what would be weighed), propose (a person starts it), approve (waits
        for a person) or auto.
    answers : list of str
        The kinds of finding that it can answer; ``threshold:METRIC`` names one metric.
    agent_types : list of str
        Whom it can help; empty means everybody.
    improvement : float
        Share of the deviation that it is expected to remove, 0-1.
    success_prior : list of float
        Beta prior of success: (successes, failures).
    risk : float
        0-1; above `limits.risk_needs_person` never automatic.
    cooldown_s : float
        Pause after it ran on a target; a verified recovery ends it.
    timeout_s : float
        The executor gives up and undoes after this.
    parameters : dict
        Handed to the executor.
    stronger_than : str
        The gentler action of which this is a stronger form: what that one may not do freely, this
        one may not either.
    """

    mode: Literal["observe", "propose", "approve", "auto"] = "propose"
    answers: list[str] = []
    agent_types: list[str] = []
    improvement: Share = 0.5
    success_prior: tuple[Positive, Positive] = (8.0, 2.0)
    risk: Share = 0.3
    cooldown_s: Seconds = 60.0
    timeout_s: Duration = 30.0
    parameters: dict[str, Any] = {}
    stronger_than: str = ""


def forms(name: str, actions: Mapping[str, ActionPolicy]) -> list[str]:
    """Return an action and every gentler form of it, strongest first.

    Raises
    ------
    ValueError
        Where an action is named that there is none of, or one is stronger than itself.

    Examples
    --------
    >>> forms("kill", {"kill": ActionPolicy(stronger_than="restart"), "restart": ActionPolicy()})
    ['kill', 'restart']
    """
    found = [name]
    while gentler := actions[found[-1]].stronger_than:
        where = f"actions.{found[-1]}.stronger_than is {gentler!r}"
        if gentler not in actions:
            raise ValueError(f"{where}, which is no action of this policy; name one of them")
        if gentler in found:
            raise ValueError(f"{where}, which is stronger than {found[-1]} itself; leave one out")
        found.append(gentler)
    return found
