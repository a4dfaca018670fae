"""How messages and facts change what the governor remembers."""

from __future__ import annotations

from msgspec.structs import replace

from config.policy import LimitsPolicy
from processors.fold import Message, PolicyInForce
from processors.governor import fleet
from processors.governor.state import Agent, GovernorState, Suspension, Work, tenant_of
from processors.step import Fact
from streams.contracts.events.action import (
    ActionAwaiting,
    ActionClaimed,
    ActionFinished,
    ActionGranted,
    ActionProposed,
    ActionQueued,
    ActionRefused,
    ApprovalGiven,
)
from streams.contracts.events.agent import (
    AgentHealthChanged,
    AgentLabelled,
    AgentRegistered,
    AgentStatusChanged,
    RegistrationDecided,
)
from streams.contracts.events.finding import FindingEnded, FindingRaised


def evolve(
    state: GovernorState, message: Message, fact: Fact | None, in_force: PolicyInForce
) -> None:
    """Fold one message, or one fact that followed from it, into `state`."""
    if fact is not None:
        _fold_fact(state, message, fact, in_force)
    elif message.event is not None:
        _fold_news(state, message.event.subject, message, in_force.policy.limits.settling_s)
        _fold_work(state, message, in_force.policy.limits)


def _fold_news(state: GovernorState, key: str, message: Message, settling_s: float) -> None:
    match message.data:
        case AgentRegistered() as data:
            fleet.registered(state, key, data, message.at)
        case AgentLabelled() as data:
            fleet.labelled(state, key, data, message.at)
        case AgentStatusChanged() as data:
            fleet.status_changed(state, key, data, message.at, settling_s)
        case AgentHealthChanged() as data:
            fleet.health_changed(state, key, data, message.at, settling_s)
        case _:
            pass


def _fold_work(state: GovernorState, message: Message, limits: LimitsPolicy) -> None:
    match message.data:
        case ActionProposed() as proposal if message.event is not None:
            known = proposal.action_id in state.work
            if not known and all(ended != proposal.action_id for ended, _ in state.ended):
                state.work[proposal.action_id] = Work(
                    proposal=_completed(state, message.event.subject, proposal),
                    subject=message.event.subject,
                    event_id=message.event.id,
                    correlation=message.event.correlationid,
                    proposed_at=message.at,
                    until=message.at + limits.evidence_ttl_s,
                )
        case ActionClaimed(action_id=action_id):
            work = state.work.get(action_id)
            if work is not None and work.state == "running":
                work.until = message.at + work.proposal.timeout_s + limits.finish_grace_s
        case _:
            pass


def _completed(state: GovernorState, key: str, proposal: ActionProposed) -> ActionProposed:
    """Return `proposal` with what the fleet's news say where it is silent (a person's request)."""
    agent = state.agents.get(key, Agent())
    return replace(
        proposal,
        host=proposal.host or agent.host,
        group=proposal.group or agent.group,
        depends_on=proposal.depends_on or list(agent.depends_on),
    )


def _fold_fact(state: GovernorState, message: Message, fact: Fact, in_force: PolicyInForce) -> None:
    match fact.data:
        case RegistrationDecided() as data:
            fleet.decided(state, fact.subject, data, fact.at)
        case FindingRaised(finding_id=finding_id):
            state.suspended[tenant_of(fact.subject)] = Suspension(finding_id, fact.at)
        case FindingEnded():
            del state.suspended[tenant_of(fact.subject)]
        case ActionFinished() as finished if fact.kind and fact.kind.name == "action.concluded":
            _conclude(state, fact, finished, in_force.policy.limits)
        case ActionRefused() as refusal if fact.kind is None:
            state.end(refusal.action_id, refusal.reason)
        case _:
            _fold_ruling(state, message, fact, in_force)


def _fold_ruling(
    state: GovernorState, message: Message, fact: Fact, in_force: PolicyInForce
) -> None:
    limits = in_force.policy.limits
    match fact.data:
        case ActionGranted() as granted:
            work = state.work[granted.action_id]
            work.state, work.approved_by = "running", granted.approved_by
            work.until = granted.expires_at + work.proposal.timeout_s + limits.finish_grace_s
        case ActionQueued() as queued:
            work = state.work[queued.action_id]
            work.state, work.reason = "queued", queued.reason
            if isinstance(message.data, ApprovalGiven):
                given = message.data
                work.approved_by, work.exactly = given.by, given.seen if given.exactly else ""
        case ActionAwaiting() as awaiting:
            work = state.work[awaiting.action_id]
            work.state, work.reason = "awaiting", awaiting.reason
            work.until, work.preview_hash = awaiting.expires_at, awaiting.preview_hash
            work.policy_version = in_force.policy.version
        case _:
            pass


def _conclude(
    state: GovernorState, fact: Fact, finished: ActionFinished, limits: LimitsPolicy
) -> None:
    state.end(finished.action_id, finished.outcome)
    suspension = state.suspended.get(tenant_of(fact.subject))
    if suspension is not None and finished.outcome != "succeeded":
        suspension.pause_until = fact.at + limits.breaker_pause_s
