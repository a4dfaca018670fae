"""What follows from a message: proposals, withheld actions, and the crash-loop finding."""

from __future__ import annotations

from collections.abc import Iterator

from processors.decision.candidates import Ranking, Weighed, rank
from processors.decision.crash_loop import crash_loop
from processors.decision.evolve import told
from processors.decision.proposals import Occasion, proposal
from processors.decision.requests import requested
from processors.decision.silencing import refused, silenced
from processors.decision.state import DecisionState, OpenFinding, Target
from processors.fold import Message, PolicyInForce
from processors.step import Fact
from streams.contracts.envelope import derived_id
from streams.contracts.events.action import ActionRequested, ActionWithheld


def decide(state: DecisionState, message: Message, in_force: PolicyInForce) -> Iterator[Fact]:
    """Yield what follows for every target that the message concerns or whose time has come."""
    yield from refused(state, message, in_force)
    woken = state.woken
    if isinstance(message.data, ActionRequested):
        yield requested(state, message, message.data, in_force)
        woken = []  # a wish is answered, whatever else is open
    for key in [*woken, *(key for key in state.roused if key not in woken)]:
        target = state.targets.get(key)
        if target is not None:
            yield from silenced(state, key, target, message)
            yield from crash_loop(key, target, message, in_force)
            yield from _answer(state, key, target, message, in_force)


def _answer(
    state: DecisionState, key: str, target: Target, message: Message, in_force: PolicyInForce
) -> Iterator[Fact]:
    if not target.findings:
        return
    ranking = rank(state, target, in_force.policy)
    # What waits for a person holds nothing up: the next best has its chance meanwhile.
    while ranking.best is not None and not _hindrance(target)[0]:
        yield _propose(key, target, ranking.best, ranking, message, in_force)
        ranking = rank(state, target, in_force.policy)
    reason, retry_at = _hindrance(target)
    answered = {a.finding_id for a in target.attempts.values() if a.holds_up}
    for finding_id in sorted(target.findings.keys() - answered):
        finding = target.findings[finding_id]
        yield from _withhold(key, finding, ranking, reason, retry_at, message, in_force)


def _hindrance(target: Target) -> tuple[str, float | None]:
    """Return why nothing may be proposed for a target now, and when that ends; else nothing."""
    if target.stopped_by:
        return "stopped_on_request", None
    if any(attempt.holds_up for attempt in target.attempts.values()):
        return "target_busy", None
    if target.wait is not None:
        return target.wait.reason, target.wait.until
    return "", None


def _withhold(
    key: str,
    finding: OpenFinding,
    ranking: Ranking,
    reason: str,
    retry_at: float | None,
    message: Message,
    in_force: PolicyInForce,
) -> Iterator[Fact]:
    candidates = ranking.of(finding.raised.finding_id)
    if not candidates:
        reason, retry_at = "no_candidate", None
    elif finding.withheld is not None and finding.withheld.maintenance:
        reason, retry_at = "maintenance", finding.withheld.until
    elif not reason:
        reason = candidates[0].rejected
    if finding.told == told(reason, retry_at):
        return
    version = in_force.policy.version
    raised = finding.raised
    withheld = ActionWithheld(
        raised.finding_id, raised.kind, key, reason, retry_at, candidates, version
    )
    yield Fact(key, withheld, message.at, raised.finding_id, _cause(finding, message))


def _propose(
    key: str,
    target: Target,
    best: Weighed,
    ranking: Ranking,
    message: Message,
    in_force: PolicyInForce,
) -> Fact:
    finding = best.finding
    raised = finding.raised
    data = proposal(
        # One message may lead to several: target and action keep their ids apart.
        derived_id(f"decision/action/{key}/{best.candidate.action}", message.position),
        key,
        best.candidate,
        ranking.of(raised.finding_id),
        Occasion.of_finding(raised, target.failures + 1),
        in_force,
    )
    return Fact(key, data, message.at, raised.finding_id, _cause(finding, message))


def _cause(finding: OpenFinding, message: Message) -> str:
    return message.event.id if message.event else finding.event_id
