"""How much may be done, and how fast; and how much a tenant may have."""

from __future__ import annotations

from config.quantities import (
    AtLeastOne,
    Count,
    Duration,
    Factor,
    PolicyPart,
    Seconds,
    Share,
    Weight,
)


class LimitsPolicy(PolicyPart, frozen=True):
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
        Actions that may wait for a slot, and as many for a person; more are refused.
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


class TenantPolicy(PolicyPart, frozen=True):
    """Limits of one tenant.

    Parameters
    ----------
    max_agents : int
        Agents that may be registered; more are refused.
    """

    max_agents: Count = 100_000
