"""Telling a person that the same trouble keeps coming back, and when it is over."""

from __future__ import annotations

from collections.abc import Iterator

from config.policy import LimitsPolicy
from processors.decision.state import Target
from processors.fold import Message, PolicyInForce
from processors.step import Fact
from streams.contracts.envelope import derived_id, rfc3339
from streams.contracts.events.finding import FindingChanged, FindingEnded, FindingRaised

KIND = "crash_loop"
SEVERITY = "high"
METRIC = "consecutive_failures"


def crash_loop(
    key: str, target: Target, message: Message, in_force: PolicyInForce
) -> Iterator[Fact]:
    """Yield the finding's beginning at the third failure, each further one, and its end."""
    limits, open_loop = in_force.policy.limits, target.crash_loop
    if open_loop is None:
        if target.failures >= limits.failures_before_alert:
            finding_id = derived_id("decision/crash_loop", message.position)
            raised = _raised(finding_id, key, target, message.at, in_force.policy.version, limits)
            yield _fact(key, raised, finding_id, message)
    elif target.failures == 0:
        lasted = message.at - open_loop.since
        ended = FindingEnded(open_loop.finding_id, KIND, METRIC, "recovered", lasted)
        yield _fact(key, ended, open_loop.finding_id, message)
    elif target.failures > open_loop.told:
        yield _fact(key, _changed(open_loop.finding_id, key, target), open_loop.finding_id, message)


def sentence(key: str, target: Target) -> str:
    """Return what a person should know: how often, why, and when it is tried again."""
    again = f"next try at {rfc3339(target.wait.until)}" if target.wait else "it is tried again now"
    detail = target.last_detail or "no detail was given"
    return (
        f"{key}: {target.last_action} failed {target.failures} times in a row"
        f" (last: {detail}); {again}"
    )


def _raised(
    finding_id: str,
    key: str,
    target: Target,
    at: float,
    version: int,
    limits: LimitsPolicy,
) -> FindingRaised:
    return FindingRaised(
        finding_id=finding_id,
        kind=KIND,
        severity=SEVERITY,
        metric=METRIC,
        value=float(target.failures),
        expected_low=None,
        expected_high=float(limits.failures_before_alert - 1),
        since=at,
        summary=sentence(key, target),
        policy_version=version,
        agent_type=target.agent_type,
        labels=target.labels,
    )


def _changed(finding_id: str, key: str, target: Target) -> FindingChanged:
    value = float(target.failures)
    return FindingChanged(finding_id, KIND, SEVERITY, METRIC, value, sentence(key, target))


def _fact(
    key: str,
    data: FindingRaised | FindingChanged | FindingEnded,
    finding_id: str,
    message: Message,
) -> Fact:
    causation = message.event.id if message.event else ""
    return Fact(key, data, message.at, correlation=finding_id, causation=causation)
