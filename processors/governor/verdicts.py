"""What a guard may say. A guard that says nothing (None) lets the action pass."""

from __future__ import annotations

from typing import NamedTuple

from config.policy import LimitsPolicy
from processors.governor.state import Agent, GovernorState, Work


class Grant(NamedTuple):
    """Every guard lets it pass."""


class Queue(NamedTuple):
    """It may be done, later: for a slot, a dependency, a group or a breaker."""

    reason: str


class Ask(NamedTuple):
    """A person has to approve it first."""

    reason: str


class Refuse(NamedTuple):
    """It will not be done."""

    reason: str
    detail: str


Verdict = Grant | Queue | Ask | Refuse


class Situation(NamedTuple):
    """All that a guard may look at.

    Parameters
    ----------
    state : GovernorState
        The fleet and the work in hand.
    work : Work
        The proposal that is judged.
    limits : LimitsPolicy
        The limits in force.
    at : float
        The step's time.
    """

    state: GovernorState
    work: Work
    limits: LimitsPolicy
    at: float

    @property
    def target(self) -> Agent | None:
        """The target as the fleet's news describe it, if it was ever heard of."""
        return self.state.agents.get(self.work.subject)

    @property
    def by_person(self) -> bool:
        """Whether a person asked for it or approved it."""
        return bool(self.work.proposal.requested_by or self.work.approved_by)

    @property
    def heals(self) -> bool:
        """Whether the target is in trouble: a finding led here, or its health is bad."""
        return not self.work.proposal.requested_by or (
            self.target is not None and self.target.unwell
        )
