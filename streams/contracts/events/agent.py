"""What becomes of an agent."""

from __future__ import annotations

import msgspec


class AgentRegistered(msgspec.Struct, frozen=True):
    """An agent was heard of for the first time, or registered on purpose."""

    agent_id: str
    agent_type: str
    provisional: bool
    labels: dict[str, str] = {}
    metrics: dict[str, float] = {}


class AgentStatusChanged(msgspec.Struct, frozen=True):
    """The lifecycle moved; `reason` is a stable name such as heartbeat_missed."""

    previous: str
    status: str
    reason: str


class AgentTransitionRefused(msgspec.Struct, frozen=True):
    """A transition was asked for that the lifecycle does not allow."""

    status: str
    requested: str
    reason: str


class AgentLabelled(msgspec.Struct, frozen=True):
    """Type or labels of an agent changed."""

    agent_type: str
    labels: dict[str, str]


class AgentHealthChanged(msgspec.Struct, frozen=True):
    """Health moved to another level, or its score by five points or more.

    Parameters
    ----------
    level : str
        healthy, degraded, failing or unknown.
    score : float
        0 (nothing works) to 100.
    consecutive_failures : int
        Checks that failed in a row.
    since : float
        When this level began, seconds since the epoch.
    reasons : list of str
        The findings and metrics that drive it, worst first.
    """

    level: str
    score: float
    consecutive_failures: int
    since: float
    reasons: list[str]


class SecurityIssue(msgspec.Struct, frozen=True):
    """A threat that took points from an agent.

    Parameters
    ----------
    finding_id : str
        The finding of kind ``threat`` that says it.
    rule : str
        The policy's rule.
    metric : str
        What the rule was broken with; empty where it counts events.
    category, severity, action : str
        As the rule has them; `action` is a hint for people.
    points : float
        What it took.
    since : float
        When it began, seconds since the epoch.
    ended_at : float or None
        When it ended; None while it is open.
    """

    finding_id: str
    rule: str
    metric: str
    category: str
    severity: str
    points: float
    action: str
    since: float
    ended_at: float | None = None


class AgentSecurityChanged(msgspec.Struct, frozen=True):
    """A threat opened or ended, or the security score recovered by five points.

    Parameters
    ----------
    score : float
        100 (nothing is held against it) to 0.
    level : str
        secure, guarded, at_risk or critical.
    reasons : list of str
        The rules that keep points from it, those still broken and the worst first.
    issues : list of SecurityIssue
        The open ones, and the latest that ended and are not made good yet.
    """

    score: float
    level: str
    reasons: list[str]
    issues: list[SecurityIssue]


class RegistrationRequested(msgspec.Struct, frozen=True):
    """A provisional agent asks the governor for a place within its tenant's limit."""

    agent_id: str
    agent_type: str
    labels: dict[str, str] = {}


class RegistrationDecided(msgspec.Struct, frozen=True):
    """The governor's answer: granted, or refused with its reason."""

    agent_id: str
    granted: bool
    reason: str = ""


class LifecycleRequested(msgspec.Struct, frozen=True):
    """A person or an action asks for a transition (maintenance, quarantine, active, …)."""

    status: str
    reason: str
    requested_by: str


class RelearnRequested(msgspec.Struct, frozen=True):
    """A person wants what is usual of an agent learnt anew.

    Parameters
    ----------
    metrics : list of str
        Which of its metrics; empty for all, and for what they say together.
    reason : str
        Why, in the person's words.
    requested_by : str
        Who.
    """

    metrics: list[str]
    reason: str
    requested_by: str


class WindowsClosed(msgspec.Struct, frozen=True):
    """One tumbling window of many agents of one partition, by columns.

    Parameters
    ----------
    start : float
        Seconds since the epoch.
    width_s : float
        The window's width in seconds.
    metric : str
        The metric's name.
    agents : list of str
        Keys ``tenant/agent``.
    count, mean, minimum, maximum, last
        One value an agent, in the order of `agents`.
    expected_low, expected_high : list of float or None
        The range in which the detector expected 99 values of 100 in the middle of the window;
        None where it had not learnt it yet.
    """

    start: float
    width_s: float
    metric: str
    agents: list[str]
    count: list[int]
    mean: list[float]
    minimum: list[float]
    maximum: list[float]
    last: list[float]
    expected_low: list[float | None]
    expected_high: list[float | None]
