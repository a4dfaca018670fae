"""A verdict as facts: the grant with its command, the queueing, the question, the refusal.

Where a person is asked, the node that would act is asked for a dry run, so that they see it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from config.policy import LimitsPolicy
from processors.fold import Message, PolicyInForce
from processors.governor.approvals import preview_hash
from processors.governor.guards import judge
from processors.governor.state import GovernorState, Work
from processors.governor.verdicts import Ask, Grant, Queue, Refuse, Situation, Verdict
from processors.step import Fact
from streams.contracts.events.action import (
    ActionAwaiting,
    ActionGranted,
    ActionQueued,
    ActionRefused,
    ApprovalGiven,
    CarryOut,
    Command,
    Preview,
)
from streams.contracts.events.registry import event_type

SLOT_REASONS = frozenset({"all_slots_busy", "host_busy", "target_busy"})
"""Waiting for a slot is no news to what waits already."""


def rule(
    state: GovernorState, work: Work, message: Message, in_force: PolicyInForce
) -> Iterator[Fact]:
    """Yield what the guards' verdict on `work` leads to."""
    limits = in_force.policy.limits
    situation = Situation(state, work, limits, message.at)
    verdict = judge(situation)
    if work.state == "new" and _full(state, verdict, limits):
        verdict = Refuse("queue_full", f"{limits.max_queued} actions wait already")
    match verdict:
        case Grant():
            yield from _granted(work, message, in_force)
        case Ask(reason):
            expires_at = message.at + limits.approval_ttl_s
            yield _asked(work, reason, expires_at, message, limits)
            yield preview(work, expires_at, message, in_force)
        case Refuse(reason, detail):
            yield refusal(work, reason, detail, message)
        case Queue(reason):
            yield from _queued(work, reason, message)


def refusal(work: Work, reason: str, detail: str, message: Message, by: str = "") -> Fact:
    """Return the end of `work` without its having been tried."""
    proposal = work.proposal
    data = ActionRefused(proposal.action_id, proposal.action, work.subject, reason, detail, by)
    return fact_of(work, data, message)


def fact_of(work: Work, data: msgspec.Struct, message: Message, name: str = "") -> Fact:
    """Return a fact about `work`, of the type called `name` where the data alone does not say."""
    causation = message.event.id if message.event else work.event_id
    kind = event_type(name) if name else None
    return Fact(work.subject, data, message.at, work.correlation, causation, kind)


def _granted(work: Work, message: Message, in_force: PolicyInForce) -> Iterator[Fact]:
    proposal, limits = work.proposal, in_force.policy.limits
    expires_at = message.at + limits.command_ttl_s
    granted = ActionGranted(
        proposal.action_id,
        proposal.action,
        work.subject,
        proposal.host,
        work.approved_by,
        expires_at,
    )
    yield fact_of(work, granted, message)
    command = _command(work, expires_at, in_force)
    if work.exactly:
        yield fact_of(work, CarryOut(command, work.exactly), message)
    else:
        yield fact_of(work, command, message, proposal.action)


def preview(work: Work, expires_at: float, message: Message, in_force: PolicyInForce) -> Fact:
    """Return what asks the executor what it would do, until `expires_at`."""
    hashed = preview_hash(work.proposal, dry_run=in_force.policy.limits.simulation)
    return fact_of(work, Preview(_command(work, expires_at, in_force), hashed), message)


def _command(work: Work, expires_at: float, in_force: PolicyInForce) -> Command:
    proposal = work.proposal
    return Command(
        action_id=proposal.action_id,
        action=proposal.action,
        target=work.subject,
        host=proposal.host,
        parameters=proposal.parameters,
        timeout_s=proposal.timeout_s,
        expires_at=expires_at,
        dry_run=in_force.policy.limits.simulation,
        policy_version=in_force.policy.version,
        attempt=proposal.attempt,
        requested_by=proposal.requested_by,
        finding_kind=proposal.finding_kind,
    )


def _asked(
    work: Work, reason: str, expires_at: float, message: Message, limits: LimitsPolicy
) -> Fact:
    proposal = work.proposal
    asked = preview_hash(proposal, dry_run=limits.simulation)
    data = ActionAwaiting(
        proposal.action_id, proposal.action, work.subject, reason, expires_at, asked
    )
    return fact_of(work, data, message)


def _queued(work: Work, reason: str, message: Message) -> Iterator[Fact]:
    no_news = reason == work.reason or reason in SLOT_REASONS
    if work.state == "queued" and no_news:
        return
    proposal = work.proposal
    data = ActionQueued(proposal.action_id, proposal.action, work.subject, reason)
    yield fact_of(work, data, message)


def approved(work: Work, given: ApprovalGiven) -> Work:
    """Return `work` as it stands once a person approved it, for the guards to judge anew."""
    exactly = given.seen if given.exactly else ""
    return replace(work, state="approved", approved_by=given.by, exactly=exactly)


def _full(state: GovernorState, verdict: Verdict, limits: LimitsPolicy) -> bool:
    """Say whether as many wait already as may, for a slot or for a person."""
    if not isinstance(verdict, Queue | Ask):
        return False
    place = "queued" if isinstance(verdict, Queue) else "awaiting"
    return sum(work.state == place for work in state.work.values()) >= limits.max_queued
