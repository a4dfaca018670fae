"""What could be done about a finding, what each is worth, and why the others lost.

An action is worth its expected value (improvement x success probability) less its weighted risk.
It passes when the expected value reaches the minimum and the difference is positive.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from config.actions import forms
from config.policy import ActionPolicy, LimitsPolicy, Policy
from processors.decision.learning import improvement, record_key, success_probability
from processors.decision.modes import mode_of
from processors.decision.repetition import rounds
from processors.decision.state import DecisionState, Learnt, OpenFinding, Target
from streams.contracts.events.action import Candidate
from streams.contracts.events.finding import FindingRaised, severity_rank

_UNTRIED: Final = Learnt()


class Weighed(NamedTuple):
    """A candidate and the finding that it answers."""

    finding: OpenFinding
    candidate: Candidate


class Ranking(NamedTuple):
    """The best candidate of a target, if one passes, and all of them as they are recorded."""

    best: Weighed | None
    all: list[Weighed]

    def of(self, finding_id: str) -> list[Candidate]:
        """Return the candidates that answer one finding, best first."""
        return [w.candidate for w in self.all if w.finding.raised.finding_id == finding_id]


def answers(action: ActionPolicy, finding: FindingRaised) -> bool:
    """Say whether the policy lets `action` answer `finding`.

    Examples
    --------
    >>> down = FindingRaised("f", "service_down", "critical", "up", 0.0, 1.0, None, 0.0, "", 1)
    >>> answers(ActionPolicy(answers=["service_down"]), down)
    True
    >>> answers(ActionPolicy(answers=["threshold:up"]), down)
    True
    """
    if action.agent_types and finding.agent_type not in action.agent_types:
        return False
    return finding.kind in action.answers or f"threshold:{finding.metric}" in action.answers


def rank(state: DecisionState, target: Target, policy: Policy) -> Ranking:
    """Return the candidates of all of a target's findings, ordered, the losers with their reason.

    Order: the finding's severity; then the strategy that has failed least often (see
    `repetition.rounds`); then improvement, risk and success probability.
    """
    weighed = [w for f in target.findings.values() for w in _weigh(state, target, f, policy)]
    weighed.sort(key=lambda w: _order(w, target, policy.limits))
    best = next((w for w in weighed if not w.candidate.rejected), None)
    return Ranking(best, [w if w is best else _lost(w) for w in weighed])


def candidate(name: str, policy: Policy, learnt: Learnt, requested_by: str = "") -> Candidate:
    """Return an action with its scores; `rejected` is filled in by the rule."""
    action, limits = policy.actions[name], policy.limits
    gain = improvement(action, learnt)
    probability = success_probability(action, learnt)
    expected = gain * probability
    score = expected - limits.risk_weight * action.risk
    mode = mode_of(name, policy, requested_by)
    rejected = _rejected(expected, score, action.risk, mode, limits)
    return Candidate(name, gain, probability, expected, action.risk, score, mode, rejected)


def learnt_of(state: DecisionState, action: str, agent_type: str) -> Learnt:
    """Return the record of an action on a kind of target."""
    return state.learnt.get(record_key(action, agent_type), _UNTRIED)


def _weigh(
    state: DecisionState, target: Target, finding: OpenFinding, policy: Policy
) -> Iterable[Weighed]:
    for name, action in policy.actions.items():
        if answers(action, finding.raised):
            learnt = learnt_of(state, name, finding.raised.agent_type)
            found = candidate(name, policy, learnt)
            barred = _silenced(finding, found) or _barred(target, forms(name, policy.actions))
            yield Weighed(finding, _with_reason(found, barred))


def _silenced(finding: OpenFinding, found: Candidate) -> str:
    """Return what a silence holds back: in maintenance all, else what would ask a person."""
    if finding.withheld is None:
        return ""
    if finding.withheld.maintenance:
        return "maintenance"
    return "" if found.mode == "auto" else "silenced"


def _barred(target: Target, action: Sequence[str]) -> str:
    """Return why an action, with its gentler forms, may not be proposed now, or nothing.

    Who was asked about the gentler form, or said no to it, is not asked about the stronger one.
    """
    if any(form in target.rejected for form in action):
        return "rejected_by_person"
    attempts = target.attempts.values()
    if any(attempt.action == action[0] for attempt in attempts):
        return "already_proposed"
    asked = {attempt.action for attempt in attempts if attempt.mode != "auto"}
    return "" if asked.isdisjoint(action) else "gentler_form_waits"


def _rejected(expected: float, score: float, risk: float, mode: str, limits: LimitsPolicy) -> str:
    if mode == "observe":
        return "observe"
    if risk > limits.maximum_risk:
        return "risk_too_high"
    if expected < limits.minimum_expected_value:
        return "expected_value_too_low"
    return "" if score > 0 else "risk_outweighs_value"


def _order(weighed: Weighed, target: Target, limits: LimitsPolicy) -> tuple[object, ...]:
    found, raised = weighed.candidate, weighed.finding.raised
    return (
        severity_rank(raised.severity),
        rounds(target, found.action, limits),
        -found.improvement,
        found.risk,
        -found.success_probability,
        found.action,
        raised.finding_id,
    )


def _lost(weighed: Weighed) -> Weighed:
    if weighed.candidate.rejected:
        return weighed
    return weighed._replace(candidate=_with_reason(weighed.candidate, "ranked_lower"))


def _with_reason(found: Candidate, reason: str) -> Candidate:
    return replace(found, rejected=found.rejected or reason)
