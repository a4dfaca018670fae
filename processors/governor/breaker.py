"""The circuit breaker: where a large share of a tenant's agents falls at once, go carefully.

Either something large happened, or what reports it is wrong. So automation goes on with a single
action at a time, a probe: verified by the executor's own check, it may be followed by the next;
failed, it is followed by a pause. A person is told, and may approve actions past it.

Source: the half-open state of Nygard's circuit breaker (Release It!, 2007).
"""

from __future__ import annotations

from collections.abc import Iterator

from config.policy import Policy
from processors.fold import Message
from processors.governor.state import GovernorState, tenant_of
from processors.step import Fact
from streams.contracts.envelope import derived_id
from streams.contracts.events.finding import FindingEnded, FindingRaised

KIND = "automation_suspended"
METRIC = "failing_share"


def breakers(state: GovernorState, message: Message, policy: Policy) -> Iterator[Fact]:
    """Yield the opening or closing of the breakers that the message may have moved."""
    tenants = [tenant_of(message.event.subject)] if message.event else sorted(state.fallen)
    for tenant in tenants:
        too_many = _too_many(state, tenant, policy)
        if too_many and tenant not in state.suspended:
            yield _opened(state, tenant, message, policy)
        elif not too_many and tenant in state.suspended:
            yield _closed(state, tenant, message)


def _too_many(state: GovernorState, tenant: str, policy: Policy) -> bool:
    fallen, limits = state.fallen.get(tenant, 0), policy.limits
    share = limits.breaker_share * state.known.get(tenant, 0)
    return fallen >= limits.breaker_minimum and fallen >= share


def _opened(state: GovernorState, tenant: str, message: Message, policy: Policy) -> Fact:
    fallen, count = state.fallen[tenant], state.known[tenant]
    finding_id = derived_id(f"governor/breaker/{tenant}", message.position)
    data = FindingRaised(
        finding_id=finding_id,
        kind=KIND,
        severity="critical",
        metric=METRIC,
        value=fallen / count,
        expected_low=None,
        expected_high=policy.limits.breaker_share,
        since=message.at,
        summary=(
            f"{fallen} of {count} agents of tenant {tenant} fell at once: automatic actions go"
            " one at a time until fewer fail; check what reports them before approving more"
        ),
        policy_version=policy.version,
    )
    return _fact(tenant, data, finding_id, message)


def _closed(state: GovernorState, tenant: str, message: Message) -> Fact:
    suspension = state.suspended[tenant]
    lasted = message.at - suspension.since
    ended = FindingEnded(suspension.finding_id, KIND, METRIC, "recovered", lasted)
    return _fact(tenant, ended, suspension.finding_id, message)


def _fact(
    tenant: str, data: FindingRaised | FindingEnded, finding_id: str, message: Message
) -> Fact:
    causation = message.event.id if message.event else ""
    return Fact(f"{tenant}/governor", data, message.at, finding_id, causation)
