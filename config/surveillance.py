"""What counts as wrong."""

from __future__ import annotations

from typing import Literal

from config.conversations import ConversationPolicy
from config.performance import PerformancePolicy
from config.quantities import Count, Duration, PolicyPart, Positive, Seconds
from config.threats import SecurityPolicy, ThreatRule, check_rules


class ClockPolicy(PolicyPart, frozen=True):
    """What is done with a client's own time.

    Parameters
    ----------
    future_tolerance_s, past_tolerance_s : float
        How far `at` may lie from the broker's timestamp.
    outside : str
        ``clamp`` to the broker's timestamp, or ``dead_letter``.
    skew_limit_s, skew_duration_s : float
        An agent whose clock is off by more than the first, beyond its usual delay, for at least
        the second is told of (``clock_skew``).
    """

    future_tolerance_s: Seconds = 5.0
    past_tolerance_s: Seconds = 3600.0
    outside: Literal["clamp", "dead_letter"] = "clamp"
    skew_limit_s: Seconds = 5.0
    skew_duration_s: Seconds = 120.0


class PresencePolicy(PolicyPart, frozen=True):
    """When silence means offline.

    An agent's own interval is learnt from its heartbeats; after some of them without news it is
    offline.

    Parameters
    ----------
    default_interval_s : float
        The interval that is taken for an agent's own until that is known.
    missed_heartbeats : float
        Intervals without news after which an agent is offline.
    minimum_silence_s, maximum_silence_s : float
        Never sooner, and never later, than this.
    outage_gap_s : float
        A gap of ticks this long was our own outage: silence is counted anew after it.
    """

    default_interval_s: Seconds = 25.0
    missed_heartbeats: Seconds = 3.0
    minimum_silence_s: Seconds = 5.0
    maximum_silence_s: Seconds = 300.0
    outage_gap_s: Seconds = 15.0


class Threshold(PolicyPart, frozen=True):
    """A limit with duration and hysteresis.

    Parameters
    ----------
    metric : str
        The metric it judges.
    above : bool
        Whether larger is worse.
    warning, critical : float or None
        The levels, in the metric's unit.
    clear : float
        The value at which the finding ends (on the good side of `warning`).
    duration_s : float
        How long a level must hold before a finding is raised, and the clear level before it ends.
    kind : str
        The finding's kind.
    unit : str
        For people.
    agent_types : list of str
        Where it applies; empty means everywhere.
    """

    metric: str
    clear: float
    above: bool = True
    warning: float | None = None
    critical: float | None = None
    duration_s: Seconds = 0.0
    kind: str = "threshold"
    unit: str = ""
    agent_types: list[str] = []


class DetectorPolicy(PolicyPart, frozen=True):
    """The streaming detector. What is usual it finds out itself, for each metric of each agent.

    Parameters
    ----------
    enabled : bool
        Whether anomalies are raised at all.
    false_alarms_per_agent_week : float
        How often an agent may be called anomalous without cause, in a week; more than 0. The
        bar follows from it, and is raised for who exceeds it.
    accept_after_s : float
        An anomaly that lasts this long becomes the new normal.
    horizon_s : float
        A climb towards a limit is told where it gets there within this time.
    ignores : list of str
        Metrics that are kept but not judged, as shell patterns: what is bursty by nature.
    """

    enabled: bool = True
    false_alarms_per_agent_week: Positive = 7.0
    accept_after_s: Seconds = 86400.0
    horizon_s: Seconds = 604800.0
    ignores: list[str] = []


class SurveillancePolicy(PolicyPart, frozen=True):
    """Everything that the hot step judges by.

    Parameters
    ----------
    window_s : float
        Length of the tumbling windows that the history of metrics is kept in.
    max_agents_per_partition, max_metrics_per_agent : int
        Caps of what is kept in memory, whatever a client sends.
    clock : ClockPolicy
        A client's own time.
    presence : PresencePolicy
        Silence.
    detector : DetectorPolicy
        Anomalies.
    thresholds : list of Threshold
        Limits; each agent is held to those of its type.
    threats : list of ThreatRule
        What an agent must not do; each agent is held to those of its type.
    security : SecurityPolicy
        How trust in an agent is lost and won.
    conversations : ConversationPolicy
        What AI agents say.
    performance : PerformancePolicy
        How well agents work.
    """

    window_s: Duration = 60.0
    max_agents_per_partition: Count = 300_000
    max_metrics_per_agent: Count = 256
    clock: ClockPolicy = ClockPolicy()
    presence: PresencePolicy = PresencePolicy()
    detector: DetectorPolicy = DetectorPolicy()
    thresholds: list[Threshold] = []
    threats: list[ThreatRule] = []
    security: SecurityPolicy = SecurityPolicy()
    conversations: ConversationPolicy = ConversationPolicy()
    performance: PerformancePolicy = PerformancePolicy()

    def __post_init__(self) -> None:
        """Refuse too many threat rules, and two of one name."""
        check_rules(self.threats)
