"""Trust in an agent: points that threats take, and time that gives them back."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from config.threats import SecurityPolicy

FULL: Final = 100.0
STEP: Final = 5.0
"""A score that moves by this much is news."""
_GUARDED_BELOW: Final = 80.0
_AT_RISK_BELOW: Final = 50.0
_HOUR_S: Final = 3600.0
_MOST_KEPT: Final = 20


class Trust(StrEnum):
    """The level of a security score."""

    SECURE = "secure"
    GUARDED = "guarded"
    AT_RISK = "at_risk"
    CRITICAL = "critical"


class Issue(msgspec.Struct, array_like=True):
    """A threat that took points; `ended_at` is None while it is open."""

    finding_id: str
    rule: str
    metric: str
    category: str
    severity: str
    points: float
    action: str
    since: float
    ended_at: float | None = None


class Standing(msgspec.Struct, array_like=True):
    """The trust in one agent, of which something was lost.

    Parameters
    ----------
    score : float
        0 to 100, at the time `at`, seconds since the epoch.
    told : float
        The score that was told last.
    issues : list of Issue
        Those open, and the latest that ended and are not made good yet.
    """

    score: float = FULL
    at: float = 0.0
    told: float = FULL
    issues: list[Issue] = []

    def is_open(self) -> bool:
        """Say whether anything is open; then nothing is won back."""
        return any(issue.ended_at is None for issue in self.issues)

    def now(self, policy: SecurityPolicy, at: float) -> float:
        """Return the score at a later time."""
        if self.is_open():
            return self.score
        won = policy.recovery_per_hour * max(0.0, at - self.at) / _HOUR_S
        return min(FULL, max(self.score, round(self.score + won, 6)))

    def lose(self, policy: SecurityPolicy, issue: Issue, at: float) -> None:
        """Take an issue's points."""
        self.score, self.at = max(0.0, self.now(policy, at) - issue.points), at
        kept = [each for each in self.issues if each.ended_at is None]
        ended = [each for each in self.issues if each.ended_at is not None]
        self.issues = [*ended[-_MOST_KEPT:], *kept, issue]

    def end(self, policy: SecurityPolicy, finding_id: str, at: float) -> None:
        """End an issue: time begins to give back its points where it was the last."""
        self.score, self.at = self.now(policy, at), at
        for issue in self.issues:
            if issue.finding_id == finding_id:
                issue.ended_at = at

    def tell(self, policy: SecurityPolicy, at: float) -> None:
        """Take the score of this time for the one that is told."""
        self.score, self.at = self.now(policy, at), at
        self.told = self.score
        if self.score >= FULL:
            self.issues = [issue for issue in self.issues if issue.ended_at is None]

    def news_at(self, policy: SecurityPolicy) -> float:
        """Return when time alone makes the score news; infinity for never."""
        if self.is_open() or policy.recovery_per_hour <= 0.0:
            return float("inf")
        bounds = (policy.quarantine_at + STEP, _AT_RISK_BELOW, _GUARDED_BELOW, FULL)
        until = min(self.told + STEP, *(each for each in bounds if each > self.told), FULL)
        return self.at + max(0.0, until - self.score) * _HOUR_S / policy.recovery_per_hour


def trust(score: float, policy: SecurityPolicy) -> Trust:
    """Return the level of a score.

    Examples
    --------
    >>> trust(85.0, SecurityPolicy()).value
    'secure'
    >>> trust(20.0, SecurityPolicy()).value
    'critical'
    """
    if score <= policy.quarantine_at:
        return Trust.CRITICAL
    if score < _AT_RISK_BELOW:
        return Trust.AT_RISK
    return Trust.GUARDED if score < _GUARDED_BELOW else Trust.SECURE
