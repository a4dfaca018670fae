"""What the end of an attempt means for its target: worked, on probation, failed, or not tried."""

from __future__ import annotations

from typing import Final

from config.policy import ActionPolicy, LimitsPolicy, Policy
from processors.decision.learning import learn
from processors.decision.repetition import pause_s, stability_s
from processors.decision.state import Attempt, DecisionState, Target, Trial, Wait
from streams.contracts.events.action import ActionFinished, ActionRefused

_NOT_TRIED: Final = frozenset({"refused", "simulated"})


def concluded(
    state: DecisionState, target: Target, finished: ActionFinished, at: float, policy: Policy
) -> None:
    """Fold an executor's result; one that nobody waits for is a late copy."""
    attempt = target.attempts.pop(finished.action_id, None)
    if attempt is None:
        return
    target.last_action, target.last_detail = finished.action, finished.detail
    if finished.outcome in _NOT_TRIED:
        _not_tried(target, at, policy.limits)
    elif attempt.requested_by:
        _requested(state, target, attempt, finished)
    elif finished.outcome == "succeeded":
        target.trial = Trial(attempt, _improved(finished), finished.duration_s)
        _succeeded(state, target, target.trial, at, policy)
    else:
        target.trial = Trial(attempt, 0.0, finished.duration_s)
        failed(state, target, finished.detail or finished.outcome, at, policy.limits)


def refused(target: Target, refusal: ActionRefused, at: float, limits: LimitsPolicy) -> None:
    """Fold a guard's or a person's refusal; what a person rejected is not proposed again."""
    attempt = target.attempts.pop(refusal.action_id, None)
    if attempt is None or attempt.requested_by:
        return
    if refusal.reason == "rejected":
        target.rejected.append(refusal.action)
    else:
        _not_tried(target, at, limits)


def failed(
    state: DecisionState, target: Target, detail: str, at: float, limits: LimitsPolicy
) -> None:
    """Count the fix on probation as ineffective, and pause before the next try."""
    if target.trial is None:
        return
    attempt, target.trial = target.trial.attempt, None
    learn(state, attempt, held=False, improved=0.0, duration_s=0.0)
    target.failures += 1
    target.tries[attempt.action] = target.tries.get(attempt.action, 0) + 1
    target.last_action, target.last_detail = attempt.action, detail
    pause = pause_s(target.failures, limits)
    target.wait = Wait("backoff", at + pause) if pause > 0 else None
    # A finding that ended before the result arrived: recovery is counted from here.
    target.stable_at = None if target.struggling else at + stability_s(target.failures, limits)


def relapse(target: Target) -> str:
    """Return what is said of a fix that did not last, and how the service ended if known."""
    ended = target.labels.get("last_exit", "")
    return f"it worked, and did not last: {ended}" if ended else "it worked, and did not last"


def recovered(state: DecisionState, target: Target) -> None:
    """Forget the failures: the trouble stayed away long enough; a fix on probation has worked."""
    if target.trial is not None:
        trial = target.trial
        learn(state, trial.attempt, held=True, improved=trial.improvement,
              duration_s=trial.duration_s)  # fmt: skip
    target.trial, target.stable_at, target.wait = None, None, None
    target.failures, target.refusals = 0, 0
    target.tries, target.rejected = {}, []


def _succeeded(
    state: DecisionState, target: Target, trial: Trial, at: float, policy: Policy
) -> None:
    target.refusals = 0
    limits = policy.limits
    answered = trial.attempt.finding_id in target.findings
    again = [f for f in target.findings.values() if f.raised.kind == trial.attempt.finding_kind]
    if again and not answered:
        failed(state, target, relapse(target), at, limits)
    elif answered:
        action = policy.actions.get(trial.attempt.action, ActionPolicy())
        target.wait = Wait("cooldown", at + action.cooldown_s)
    else:
        target.stable_at = at + stability_s(target.failures, limits)


def _requested(
    state: DecisionState, target: Target, attempt: Attempt, finished: ActionFinished
) -> None:
    held = finished.outcome == "succeeded"
    learn(state, attempt, held=held, improved=_improved(finished), duration_s=finished.duration_s)
    if held:
        stopped = finished.action == "service.stop"
        target.stopped_by = attempt.requested_by if stopped else ""


def _not_tried(target: Target, at: float, limits: LimitsPolicy) -> None:
    target.refusals += 1
    pause = pause_s(target.refusals + 1, limits)
    target.wait = Wait("backoff", at + pause)
    if not target.struggling and target.failures and target.stable_at is None:
        target.stable_at = at + stability_s(target.failures, limits)


def _improved(finished: ActionFinished) -> float:
    """Return the realised share that the executor measured; a verified effect without one is 1."""
    measured = finished.evidence.get("improvement", 1.0)
    return min(max(float(measured), 0.0), 1.0) if isinstance(measured, int | float) else 1.0
