"""What follows from a message: answers to requests, rulings on actions, and their ends."""

from __future__ import annotations

from collections.abc import Iterator

from processors.fold import Message, PolicyInForce
from processors.governor.approvals import objection, outdated
from processors.governor.breaker import breakers
from processors.governor.registrations import answer
from processors.governor.rulings import approved, fact_of, preview, refusal, rule
from processors.governor.state import GovernorState, Work
from processors.step import Fact
from streams.contracts.events.action import (
    ActionFinished,
    ActionProposed,
    ActionRefused,
    ApprovalGiven,
    PreviewRequested,
)
from streams.contracts.events.agent import (
    AgentHealthChanged,
    AgentStatusChanged,
    RegistrationRequested,
)
from streams.contracts.events.finding import severity_rank
from streams.contracts.events.registry import EVENT_TYPES


def decide(state: GovernorState, message: Message, in_force: PolicyInForce) -> Iterator[Fact]:
    """Yield what follows from `message`; each fact is folded before the next is asked for."""
    match message.data:
        case None:
            yield from _on_tick(state, message, in_force)
        case RegistrationRequested() as request if message.event is not None:
            key = message.event.subject
            decided = answer(state, key, request, in_force.policy)
            yield Fact(key, decided, message.at, causation=message.event.id)
        case ActionProposed(action_id=action_id):
            work = state.work.get(action_id)
            if work is not None and work.state == "new":
                yield from rule(state, work, message, in_force)
        case ApprovalGiven() | PreviewRequested() as said:
            yield from _on_word(state, said, message, in_force)
        case ActionFinished() as finished:
            yield from _on_finished(state, finished, message, in_force)
        case AgentHealthChanged() | AgentStatusChanged():
            yield from breakers(state, message, in_force.policy)
            yield from _drain(state, message, in_force)
        case _:
            return


def _on_tick(state: GovernorState, message: Message, in_force: PolicyInForce) -> Iterator[Fact]:
    yield from breakers(state, message, in_force.policy)
    late = [work for work in _in_order(state) if work.until <= message.at]
    for work in late:
        yield from _too_late(work, message)
    yield from _drain(state, message, in_force)


def _too_late(work: Work, message: Message) -> Iterator[Fact]:
    if work.state == "running":
        lost = _lost(work, message.at)
        yield fact_of(work, lost, message, "action.finished")
        yield fact_of(work, lost, message, "action.concluded")
    elif work.state == "awaiting" or work.approved_by:
        yield refusal(work, "approval_expired", "nobody answered, or no slot came free", message)
    else:
        detail = f"it waited for {message.at - work.proposed_at:.0f} s"
        yield refusal(work, "evidence_expired", f"{detail} ({work.reason})", message)


def _lost(work: Work, at: float) -> ActionFinished:
    proposal = work.proposal
    detail = f"no result came from host {proposal.host} in time; what it did is unknown"
    return ActionFinished(
        proposal.action_id,
        proposal.action,
        work.subject,
        proposal.host,
        outcome="unknown",
        verified=False,
        detail=detail,
        duration_s=at - work.proposed_at,
    )


def _on_word(
    state: GovernorState,
    said: ApprovalGiven | PreviewRequested,
    message: Message,
    in_force: PolicyInForce,
) -> Iterator[Fact]:
    if isinstance(said, ApprovalGiven):
        yield from _on_answer(state, said, message, in_force)
    else:
        yield _on_question(state, said, message, in_force)


def _on_answer(
    state: GovernorState, given: ApprovalGiven, message: Message, in_force: PolicyInForce
) -> Iterator[Fact]:
    problem = objection(state, given, message.at)
    if problem is not None:
        work = state.work.get(given.action_id)
        kind = "action.approval_refused"
        yield _declined(work, given.action_id, problem, message, kind, given.by)
        return
    work = state.work[given.action_id]
    if not given.approved:
        yield refusal(work, "rejected", given.reason or "rejected", message, given.by)
    elif outdated(work, in_force.policy.version):
        yield refusal(work, "policy_changed", "the policy changed since it was asked for", message)
    else:
        yield from rule(state, approved(work, given), message, in_force)


def _on_question(
    state: GovernorState, asked: PreviewRequested, message: Message, in_force: PolicyInForce
) -> Fact:
    """Ask what an action would do; of one that does not wait there is nothing to decide."""
    work = state.work.get(asked.action_id)
    if work is not None and work.state == "awaiting" and message.at < work.until:
        return preview(work, work.until, message, in_force)
    detail = f"the action is {work.state}" if work else "no such action waits for an answer"
    problem, kind = ("not_awaiting", detail), "action.preview_refused"
    return _declined(work, asked.action_id, problem, message, kind, asked.requested_by)


def _declined(
    work: Work | None,
    action_id: str,
    problem: tuple[str, str],
    message: Message,
    kind: str,
    by: str = "",
) -> Fact:
    """Return that something said of an action has no effect, and why."""
    reason, detail = problem
    subject = message.event.subject if message.event else ""
    action = work.proposal.action if work else ""
    data = ActionRefused(action_id, action, subject, reason, detail, by)
    correlation = work.correlation if work else ""
    causation = message.event.id if message.event else ""
    return Fact(subject, data, message.at, correlation, causation, EVENT_TYPES[kind])


def _on_finished(
    state: GovernorState, finished: ActionFinished, message: Message, in_force: PolicyInForce
) -> Iterator[Fact]:
    """Pass a result on once; one that nobody waits for is a copy, or came after it was given up."""
    work = state.work.get(finished.action_id)
    if work is None or work.state != "running":
        return
    yield fact_of(work, finished, message, "action.concluded")
    yield from _drain(state, message, in_force)


def _drain(state: GovernorState, message: Message, in_force: PolicyInForce) -> Iterator[Fact]:
    """Judge what is queued anew, worst first, while there are slots."""
    slots = in_force.policy.limits.max_concurrent
    for work in _in_order(state):
        if sum(1 for _ in state.running()) >= slots:
            return
        if work.state == "queued":
            yield from rule(state, work, message, in_force)


def _in_order(state: GovernorState) -> list[Work]:
    return sorted(state.work.values(), key=_precedence)


def _precedence(work: Work) -> tuple[int, float, str]:
    return severity_rank(work.proposal.severity), work.proposed_at, work.proposal.action_id
