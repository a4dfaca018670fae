"""What follows from a threat that opens or ends: findings, a security score, quarantine."""

from __future__ import annotations

from typing import Final, NamedTuple

from processors.lifecycle.transitions import Allowed, Status, transition
from processors.security.rules import VALUE, Rules
from processors.security.score import Issue, Standing, trust
from processors.step import Emission
from processors.surveillance import presence
from processors.surveillance.findings import THREAT, Evidence, end_finding, raise_finding
from processors.surveillance.state import STATUSES, SurveillanceState, fact, moved
from streams.contracts.events.agent import AgentSecurityChanged, SecurityIssue
from streams.contracts.events.finding import severity_rank

CHANNEL: Final = "threat"
_NAMED: Final = 4
"""Rules that a quarantine's reason names: views keep 400 characters of it."""
_LEFT_ALONE: Final = frozenset({Status.COMPROMISED, Status.DECOMMISSIONING, Status.DECOMMISSIONED})
"""What automation does not turn into quarantine: it is that much, or more, already."""


class Verdict(NamedTuple):
    """A threat of an agent that opens, or ends: which rule, on what, and what was seen."""

    slot: int
    rule: int
    metric: str
    value: float | None
    since: float
    opens: bool


def settled(
    state: SurveillanceState, offset: int, verdicts: list[Verdict], at: float
) -> list[Emission]:
    """Raise and end an agent's threats; then its score, and quarantine where that is due."""
    if not verdicts:
        return []
    slot, emissions = verdicts[0].slot, list[Emission]()
    for each in sorted(verdicts, key=lambda v: (v.rule, v.metric)):
        if each.opens:
            emissions.append(_raised(state, offset, each, at))
        else:
            emissions += ended(state, offset, state.security.rules, each, "recovered", at)
    emissions.append(told(state, offset, slot, at))
    if any(each.opens for each in verdicts):
        emissions += _quarantined(state, offset, slot, at)
    return emissions


def _raised(state: SurveillanceState, offset: int, each: Verdict, at: float) -> Emission:
    rule = state.security.rules.rules[each.rule]
    low, high = (None, rule.above) if rule.below is None else (rule.below, None)
    summary = _summary(state, each)
    why = Evidence(
        THREAT, rule.severity, each.metric, each.value, low, high, each.since, summary,
        rule=rule.name,
    )  # fmt: skip
    raised = raise_finding(state, offset, each.slot, f"{CHANNEL}:{rule.name}", why, at)
    opened = state.findings[each.slot][_name(state.security.rules, each)]
    issue = Issue(
        opened.finding_id, rule.name, each.metric, rule.category, rule.severity, rule.points,
        rule.action, each.since,
    )  # fmt: skip
    state.security.standing(each.slot).lose(state.security.policy, issue, at)
    return raised


def _summary(state: SurveillanceState, each: Verdict) -> str:
    rules = state.security.rules
    rule, key = rules.rules[each.rule], state.profile(each.slot).key
    hint = f"; {rule.action}" if rule.action else ""
    if rule.event is not None:
        what = " or ".join(rule.kinds)
        named = f" ({what})" if what else ""
        told = f"{each.value:.0f} times {rule.event}{named} within {rule.window_s:g} s"
        return f"{rule.name}: {key} had {told}{hint}"
    side, limit = ("above", rule.above) if rule.below is None else ("below", rule.below)
    span = f" for {rule.window_s:g} s" if rules.kind[each.rule] == VALUE else ""
    what = each.metric if span else f"{rule.aggregate} of {each.metric} over {rule.window_s:g} s"
    if span and not rule.window_s:
        span = ""
    return f"{rule.name}: {what} of {key} is {each.value:g}, {side} {limit:g}{span}{hint}"


def ended(
    state: SurveillanceState, offset: int, rules: Rules, each: Verdict, reason: str, at: float
) -> list[Emission]:
    """End a threat of one of `rules`, and begin to forgive it where nothing else is open."""
    name = _name(rules, each)
    opened = state.findings.get(each.slot, {}).get(name)
    if opened is None:
        return []
    state.security.standing(each.slot).end(state.security.policy, opened.finding_id, at)
    return end_finding(state, offset, each.slot, name, reason, at)


def _name(rules: Rules, each: Verdict) -> str:
    return f"{CHANNEL}:{rules.rules[each.rule].name}/{each.metric}"


def told(state: SurveillanceState, offset: int, slot: int, at: float) -> Emission:
    """Tell an agent's security score, and what it was lost by."""
    standing = state.security.told(slot, at)
    level = trust(standing.score, state.security.policy)
    data = AgentSecurityChanged(
        score=standing.score,
        level=level,
        reasons=_reasons(standing),
        issues=[
            SecurityIssue(
                finding_id=i.finding_id, rule=i.rule, metric=i.metric, category=i.category,
                severity=i.severity, points=i.points, action=i.action, since=i.since,
                ended_at=i.ended_at,
            )
            for i in standing.issues
        ],
    )  # fmt: skip
    return fact(state, offset, slot, data, at)


def _reasons(standing: Standing) -> list[str]:
    """Return the rules that keep points from an agent, those still broken and the worst first."""
    ranked = sorted(
        standing.issues,
        key=lambda i: (i.ended_at is not None, severity_rank(i.severity), i.rule, i.metric),
    )
    return list(dict.fromkeys(f"{i.rule}:{i.metric}" if i.metric else i.rule for i in ranked))


def _quarantined(state: SurveillanceState, offset: int, slot: int, at: float) -> list[Emission]:
    """Quarantine an agent that was just taken to the limit; a person's release holds till then."""
    policy, standing = state.security.policy, state.security.standing(slot)
    status = STATUSES[state.agents.status[slot]]
    if not policy.quarantine or standing.score > policy.quarantine_at or status in _LEFT_ALONE:
        return []
    names = list(dict.fromkeys(name.partition(":")[0] for name in _reasons(standing)))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    reason = f"security score {standing.score:.0f}: {', '.join(names[:_NAMED])}{more}"
    answer = transition(status, Status.QUARANTINED, reason)
    if not isinstance(answer, Allowed):
        return []
    emissions = [moved(state, offset, slot, answer.status, answer.reason, at)]
    return emissions + end_finding(state, offset, slot, f"{presence.CHANNEL}/", "superseded", at)
