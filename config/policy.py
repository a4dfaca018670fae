"""The policy: every threshold, weight and limit that a decision uses, typed.

A policy is data. It reaches a step only as an event in its inbox, so every decision can name the
version that it used, and a replay decides under the same one.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import yaml

from config.conversations import ConversationPolicy
from config.given import value_at
from config.incidents import IncidentPolicy
from config.performance import PerformancePolicy
from config.threats import SecurityPolicy, ThreatRule, check_rules

_FILE: Final = Path(__file__).with_name("policy.yaml")
_PRESETS: Final = Path(__file__).with_name("presets")


Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
Duration = Annotated[float, msgspec.Meta(gt=0.0, le=1e9)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Weight = Annotated[float, msgspec.Meta(ge=0.0, le=1e6)]
Positive = Annotated[float, msgspec.Meta(gt=0.0, le=1e6)]
Factor = Annotated[float, msgspec.Meta(ge=1.0, le=1e3)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]


class PolicyError(ValueError):
    """A policy that cannot be used: names the field, the value and the remedy."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the policy; unknown keys are refused."""


class ClockPolicy(_Part, frozen=True):
    """What is done with a client's own time.

    Parameters
    ----------
    future_tolerance_s, past_tolerance_s : float
        How far `at` may lie from the broker's timestamp.
    outside : str
        ``clamp`` to the broker's timestamp, or ``dead_letter``.
    """

    future_tolerance_s: Seconds = 5.0
    past_tolerance_s: Seconds = 3600.0
    outside: Literal["clamp", "dead_letter"] = "clamp"


class PresencePolicy(_Part, frozen=True):
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


class Threshold(_Part, frozen=True):
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


class DetectorPolicy(_Part, frozen=True):
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


class SurveillancePolicy(_Part, frozen=True):
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


class ActionPolicy(_Part, frozen=True):
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


class LimitsPolicy(_Part, frozen=True):
    """Guards beyond a single target.

    Parameters
    ----------
    minimum_expected_value : float
        An action whose improvement times its probability of success is less is not worth trying.
    maximum_risk : float
        An action riskier than this is not a candidate at all.
    risk_weight : float
        How much of an action's risk is taken off its expected value.
    risk_needs_person : float
        An action riskier than this is never automatic.
    max_concurrent, max_concurrent_per_host : int
        Actions that may run at once, in all and on one host.
    max_queued : int
        Actions that may wait for a slot; more are refused.
    blast_radius : float
        Share of a group that may be worked on at once.
    stable_after_s : float
        A fix has worked when its finding stays away this long, times the tries it took.
    evidence_ttl_s : float
        A proposal that waited longer is refused, and weighed anew on fresh evidence.
    settling_s : float
        How long the news of an agent just heard of are not relied on: a dependency that has
        not spoken yet is waited for, and what fails so soon after it was well was starting.
    finish_grace_s : float
        How long after its time limit an executor's result may still arrive.
    approval_ttl_s : float
        How long an action waits for a person.
    command_ttl_s : float
        How old a command may be when an executor takes it up.
    backoff_base_s, backoff_factor, backoff_cap_s : float
        Pause before the third try of a fix, its growth from try to try, and its longest.
    same_fix_tries : int
        Tries of one fix before another strategy is preferred.
    failures_before_alert : int
        Failures in a row after which a person is told.
    breaker_share, breaker_minimum
        Share, and least number, of a tenant's agents failing at once that opens the breaker.
    breaker_pause_s : float
        Pause after a probe failed while the breaker is open.
    simulation : bool
        Decide and record everything, and carry out nothing.
    """

    minimum_expected_value: Share = 0.05
    maximum_risk: Share = 1.0
    risk_weight: Weight = 0.5
    risk_needs_person: Share = 0.7
    max_concurrent: Count = 3
    max_concurrent_per_host: Count = 2
    max_queued: Count = 1000
    blast_radius: Share = 0.34
    evidence_ttl_s: Seconds = 300.0
    settling_s: Seconds = 5.0
    finish_grace_s: Seconds = 30.0
    approval_ttl_s: Duration = 3600.0
    command_ttl_s: Duration = 60.0
    backoff_base_s: Seconds = 2.0
    backoff_factor: Factor = 2.0
    backoff_cap_s: Seconds = 300.0
    same_fix_tries: AtLeastOne = 2
    failures_before_alert: AtLeastOne = 3
    stable_after_s: Seconds = 10.0
    breaker_share: Share = 0.5
    breaker_minimum: AtLeastOne = 10
    breaker_pause_s: Seconds = 30.0
    simulation: bool = False


class TenantPolicy(_Part, frozen=True):
    """Limits of one tenant.

    Parameters
    ----------
    max_agents : int
        Agents that may be registered; more are refused.
    """

    max_agents: Count = 100_000


class Policy(_Part, frozen=True):
    """The whole policy.

    Parameters
    ----------
    version : int
        Counted up with every change, by whoever puts it in force.
    surveillance : SurveillancePolicy
        What counts as wrong.
    actions : dict of str to ActionPolicy
        What can be done about it, by the action's name.
    limits : LimitsPolicy
        How much may be done, and how fast.
    tenants : dict of str to TenantPolicy
        Limits of single tenants, by their names.
    other_tenants : TenantPolicy
        Limits of every other tenant.
    incidents : IncidentPolicy
        Which findings belong together, and for how long.

    Examples
    --------
    >>> default_policy().limits.max_concurrent
    3
    """

    version: int = 1
    surveillance: SurveillancePolicy = SurveillancePolicy()
    actions: dict[str, ActionPolicy] = {}
    limits: LimitsPolicy = LimitsPolicy()
    tenants: dict[str, TenantPolicy] = {}
    other_tenants: TenantPolicy = TenantPolicy(max_agents=10_000)
    incidents: IncidentPolicy = IncidentPolicy()

    def tenant(self, tenant_id: str) -> TenantPolicy:
        """Return the limits of a tenant."""
        return self.tenants.get(tenant_id, self.other_tenants)


def policy_hash(policy: Policy) -> str:
    """Return the SHA-256 of a policy's canonical JSON, in hex."""
    return hashlib.sha256(msgspec.json.encode(policy, order="deterministic")).hexdigest()


def load_policy(path: Path = _FILE) -> Policy:
    """Return the policy in a YAML file.

    Raises
    ------
    PolicyError
        With the field, what is wrong with it, and the file.
    """
    return policy_from(_plain(path), str(path))


def load_preset(name: str) -> Policy:
    """Return the shipped policy with the changes of ``config/presets/NAME.yaml`` laid over it.

    Examples
    --------
    >>> load_preset("cautious").limits.simulation
    True
    """
    path = _PRESETS / f"{name}.yaml"
    known = sorted(preset.stem for preset in _PRESETS.glob("*.yaml"))
    if name not in known:
        raise PolicyError(f"there is no preset {name!r}; use one of {', '.join(known)}")
    return policy_from(_overlaid(_plain(_FILE), _plain(path)), str(path))


def policy_from(plain: Any, where: str = "policy") -> Policy:
    """Return the policy that plain data (from YAML or an event) describes."""
    try:
        return msgspec.convert(plain, Policy)
    except msgspec.ValidationError as error:
        told = f"{error}{value_at(plain, str(error))}"
        raise PolicyError(f"{where}: {told}; see config/policy.yaml for every key") from error


@functools.cache
def default_policy() -> Policy:
    """Return the policy that ships with the package, read once per process."""
    return load_policy(_FILE)


def _plain(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise PolicyError(f"{path}: {error}") from error


def _overlaid(below: Any, above: Any) -> Any:
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    merged = {key: _overlaid(below.get(key), value) for key, value in above.items()}
    return below | merged
