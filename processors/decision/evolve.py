"""How messages and facts change what the decision remembers."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from config.policy import LimitsPolicy
from processors.decision import outcomes, silencing
from processors.decision.repetition import stability_s
from processors.decision.state import Attempt, CrashLoop, DecisionState, OpenFinding, Target
from processors.fold import Message, PolicyInForce
from processors.step import Fact
from streams.contracts.events.action import (
    ActionFinished,
    ActionProposed,
    ActionRefused,
    ActionWithheld,
)
from streams.contracts.events.finding import (
    FindingChanged,
    FindingEnded,
    FindingRaised,
    FindingReleased,
    FindingWithheld,
)
from streams.contracts.events.silence import SilenceCreated, SilenceEnded, SilenceRefused

OWN_KINDS: Final = frozenset({"crash_loop", "automation_suspended"})
"""Findings about automation itself: they tell a person, and no action answers them."""


def evolve(
    state: DecisionState, message: Message, fact: Fact | None, in_force: PolicyInForce
) -> None:
    """Fold one message, or one fact that followed from it, into `state`."""
    if fact is None:
        _fold_news(state, message, in_force)
        silencing.fold(state, message, in_force)
    elif not isinstance(fact.data, SilenceRefused):
        target = state.targets.setdefault(fact.subject, Target())
        _fold_fact(target, fact)
        _settle(state, fact.subject, target)


def _fold_news(state: DecisionState, message: Message, in_force: PolicyInForce) -> None:
    if message.event is None:
        _wake(state, message, in_force)
    elif isinstance(message.data, SilenceCreated | SilenceEnded):
        state.woken = []
    else:
        key = message.event.subject
        state.woken = [key]
        target = state.targets.setdefault(key, Target())
        _fold_message(state, target, message, in_force)
        _pass_time(state, target, message.at, in_force.policy.limits)
        _settle(state, key, target)


def _wake(state: DecisionState, message: Message, in_force: PolicyInForce) -> None:
    due = sorted((due, key) for key, due in state.due.items() if due <= message.at)
    state.woken = [key for _, key in due]
    for key in state.woken:
        target = state.targets[key]
        _pass_time(state, target, message.at, in_force.policy.limits)
        _settle(state, key, target)


def _settle(state: DecisionState, key: str, target: Target) -> None:
    """Note when the target is due next, and forget it when nothing is left to remember."""
    due = target.due
    if target.forgettable:
        del state.targets[key]
        due = None
    if due is None:
        state.due.pop(key, None)
    else:
        state.due[key] = due


def _pass_time(state: DecisionState, target: Target, at: float, limits: LimitsPolicy) -> None:
    if target.wait is not None and target.wait.until <= at:
        target.wait = None
        if target.trial is not None and target.struggling:
            outcomes.failed(state, target, "verified, but the finding is still open", at, limits)
    if target.stable_at is not None and target.stable_at <= at:
        outcomes.recovered(state, target)


def _fold_message(
    state: DecisionState, target: Target, message: Message, in_force: PolicyInForce
) -> None:
    limits, at = in_force.policy.limits, message.at
    match message.data:
        case FindingRaised() as raised if raised.kind not in OWN_KINDS:
            _raised(state, target, message, raised, limits)
        case FindingRaised() as raised:
            event_id = message.event.id if message.event else ""
            target.notices[raised.finding_id] = OpenFinding(raised, event_id)
        case FindingChanged() as changed:
            _changed(target, changed)
        case FindingEnded() as ended:
            _ended(target, ended, at, limits)
        case ActionFinished() as finished:
            outcomes.concluded(state, target, finished, at, in_force.policy)
        case ActionRefused() as refused:
            outcomes.refused(target, refused, at, limits)
        case _:
            pass


def _raised(
    state: DecisionState,
    target: Target,
    message: Message,
    raised: FindingRaised,
    limits: LimitsPolicy,
) -> None:
    target.agent_type, target.labels = raised.agent_type, raised.labels
    event_id = message.event.id if message.event else ""
    target.findings[raised.finding_id] = OpenFinding(raised, event_id)
    if target.struggling:
        target.stable_at = None
    if target.trial is not None and target.trial.attempt.finding_kind == raised.kind:
        outcomes.failed(state, target, outcomes.relapse(target), message.at, limits)


def _changed(target: Target, changed: FindingChanged) -> None:
    if (known := target.open(changed.finding_id)) is not None:
        known.raised = replace(
            known.raised, severity=changed.severity, value=changed.value, summary=changed.summary
        )


def _ended(target: Target, ended: FindingEnded, at: float, limits: LimitsPolicy) -> None:
    target.notices.pop(ended.finding_id, None)
    if ended.kind == "service_down":
        target.stopped_by = ""  # whoever started it again, it is wanted now
    if target.findings.pop(ended.finding_id, None) is None or target.struggling:
        return
    if ended.kind != target.struggle:
        return
    if target.wait is not None and target.wait.reason == "cooldown":
        target.wait = None
    if target.failures or target.trial is not None:
        target.stable_at = at + stability_s(target.failures, limits)


def _fold_fact(target: Target, fact: Fact) -> None:
    match fact.data:
        case ActionProposed() as proposed:
            target.attempts[proposed.action_id] = _attempt(proposed, target)
            if not proposed.requested_by:
                target.struggle = proposed.finding_kind
        case ActionWithheld() as withheld if withheld.finding_id in target.findings:
            target.findings[withheld.finding_id].told = told(withheld.reason, withheld.retry_at)
        case FindingRaised() as raised:
            target.crash_loop = CrashLoop(raised.finding_id, fact.at, target.failures)
        case FindingChanged() if target.crash_loop is not None:
            target.crash_loop.told = target.failures
        case FindingEnded():
            target.crash_loop = None
        case FindingWithheld() | FindingReleased() as data:
            silencing.told(target, data, fact.at)
        case _:
            pass


def told(reason: str, retry_at: float | None) -> str:
    """Return what marks a reason as recorded, so that it is not recorded at each tick."""
    return reason if retry_at is None else f"{reason}@{retry_at}"


def _attempt(proposed: ActionProposed, target: Target) -> Attempt:
    chosen = (c for c in proposed.candidates if c.action == proposed.action and not c.rejected)
    predicted = next((c.success_probability for c in chosen), 0.0)
    return Attempt(
        action=proposed.action,
        agent_type=target.agent_type,
        finding_id=proposed.finding_id if not proposed.requested_by else "",
        finding_kind=proposed.finding_kind,
        predicted=predicted,
        mode=proposed.mode,
        requested_by=proposed.requested_by,
    )
