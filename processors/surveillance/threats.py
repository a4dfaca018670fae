"""Threats: what rules find becomes findings, a security score, and quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from processors.lifecycle.transitions import Allowed, Status, transition
from processors.security.counts import Counted
from processors.security.rules import VALUE, Rules
from processors.security.score import Issue, Standing, trust
from processors.security.watch import Turn
from processors.step import Emission, Fact
from processors.surveillance import presence
from processors.surveillance.findings import THREAT, Evidence, assess, end_finding, raise_finding
from processors.surveillance.samples import Samples
from processors.surveillance.state import STATUSES, SurveillanceState, fact, moved
from streams.contracts.events.agent import (
    AgentSecurityChanged,
    AgentStatusChanged,
    AgentTransitionRefused,
    SecurityIssue,
)
from streams.contracts.events.finding import FindingRaised, severity_rank
from streams.contracts.record import Record

CHANNEL: Final = "threat"
LETTERS: Final = "dead_letter"
_NAMED: Final = 4
"""Rules that a quarantine's reason names: views keep 400 characters of it."""
Found = list[tuple[int, Emission]]
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


def judge(state: SurveillanceState, r: Samples, before: Sequence[Emission]) -> Found:
    """Hold the values of a round, and what came of them, to the rules."""
    security, found = state.security, dict[int, list[Verdict]]()
    if not security.rules.rules:
        return []
    now = r.now[r.record]
    heads = state.series.watch
    for turn in security.watches.observe(security.rules, heads, r.series, r.value, now):
        record = int(r.record[turn.place])
        found.setdefault(record, []).append(_of_turn(state, turn, float(r.now[record])))
    records = (
        {int(offset): record for record, offset in enumerate(r.offset.tolist())} if before else {}
    )
    for emission, verdicts in _counted(state, before):
        found.setdefault(records[emission.offset], []).extend(verdicts)
    return [
        (record, emission)
        for record in sorted(found)
        for emission in _settled(state, int(r.offset[record]), found[record], float(r.now[record]))
    ]


def follow(state: SurveillanceState, offset: int, before: Sequence[Emission]) -> list[Emission]:
    """Count what happened to agents outside of heartbeats; return what the rules say to it."""
    by_slot: dict[int, list[Verdict]] = {}
    for _, verdicts in _counted(state, before):
        for each in verdicts:
            by_slot.setdefault(each.slot, []).append(each)
    return _all_settled(state, offset, by_slot)


def refused(state: SurveillanceState, record: Record, reason: str) -> list[Emission]:
    """Count a dead letter for the agent that its key names, if there is one."""
    slot = addressee(state, record)
    if slot is None:
        return []
    return _all_settled(
        state, record.offset, {slot: _noted(state, slot, LETTERS, reason, state.time)}
    )


def addressee(state: SurveillanceState, record: Record) -> int | None:
    """Return whose dead letter a record would be, where a rule counts these."""
    if LETTERS not in state.security.rules.events or record.key is None:
        return None
    slot = state.slots.get(record.key.decode("utf-8", "replace"))
    return None if slot is None or state.profile(slot).gone else slot


def tick(state: SurveillanceState, offset: int) -> list[Emission]:
    """Return what follows from time alone: threats that end, scores that recover."""
    security, by_slot = state.security, dict[int, list[Verdict]]()
    for turn in security.watches.tick(security.rules, state.time):
        verdict = _of_turn(state, turn, state.time)
        by_slot.setdefault(verdict.slot, []).append(verdict)
    for counted in security.counts.tick(security.rules, state.time):
        by_slot.setdefault(counted.slot, []).append(_of_count(counted))
    emissions = _all_settled(state, offset, by_slot)
    for slot in security.due(state.time):
        emissions.append(_told(state, offset, slot, state.time))
    return emissions


def take_policy(state: SurveillanceState, offset: int) -> list[Emission]:
    """Watch by the rules of the policy in force; what a rule that is gone had found, ends."""
    security, policy = state.security, state.policy.surveillance
    security.policy = policy.security
    security.news_from = 0.0
    if security.rules.rules == policy.threats:
        return []
    before, security.rules = security.rules, Rules(policy.threats)
    to = before.moved_to(security.rules)
    gone = [
        Verdict(slot, rule, "", None, 0.0, opens=False) for rule, slot in security.counts.move(to)
    ]
    for series in np.flatnonzero(state.series.slot[: state.series.size] >= 0).tolist():
        gone += _rewatched(state, series, to)
    return _superseded(state, offset, before, gone)


def rewatch(state: SurveillanceState, offset: int, slot: int) -> list[Emission]:
    """Watch an agent by the rules for its type, which has changed."""
    rules = state.security.rules
    same = list(range(len(rules.rules)))
    gone = [each for series in state.series_of(slot) for each in _rewatched(state, series, same)]
    return _superseded(state, offset, rules, gone)


def _rewatched(state: SurveillanceState, series: int, to: list[int]) -> list[Verdict]:
    security, c = state.security, state.series
    slot, metric = int(c.slot[series]), state.metric_names[c.metric[series]]
    wanted = security.rules.of_metric(metric, state.profile(slot).agent_type)
    if c.watch[series] < 0 and not wanted:
        return []
    open_rules = security.watches.change(security.rules, c.watch, series, slot, wanted, to)
    return [Verdict(slot, rule, metric, None, 0.0, opens=False) for rule in open_rules]


def _superseded(
    state: SurveillanceState, offset: int, rules: Rules, gone: list[Verdict]
) -> list[Emission]:
    emissions: list[Emission] = []
    for slot in sorted({each.slot for each in gone}):
        for each in gone:
            if each.slot == slot:
                emissions += _ended(state, offset, rules, each, "superseded", state.time)
        emissions.append(_told(state, offset, slot, state.time))
    return emissions


def _counted(
    state: SurveillanceState, before: Sequence[Emission]
) -> list[tuple[Emission, list[Verdict]]]:
    """Count the events among what was found, each for its agent."""
    if not state.security.rules.events:
        return []
    counted = []
    for emission in before:
        item = emission.item
        if isinstance(item, Fact) and (event := _event(item)):
            slot = state.slots[item.subject]
            if not state.profile(slot).gone:
                counted.append((emission, _noted(state, slot, *event, item.at)))
    return counted


def _event(item: Fact) -> tuple[str, str] | None:
    match item.data:
        case AgentStatusChanged(status=status):
            return "status_changed", status
        case FindingRaised(kind=kind) if kind != THREAT:
            return "finding", kind
        case AgentTransitionRefused(reason=reason):
            return "transition_refused", reason
    return None


def _noted(state: SurveillanceState, slot: int, event: str, kind: str, at: float) -> list[Verdict]:
    security = state.security
    found = security.rules.of_event(event, kind, state.profile(slot).agent_type)
    counted = security.counts.note(security.rules, slot, found, at)
    return [_of_count(each) for each in counted]


def _of_turn(state: SurveillanceState, turn: Turn, at: float) -> Verdict:
    w, c = state.security.watches.rows, state.series
    row = turn.row
    metric = state.metric_names[c.metric[w.series[row]]]
    since = float(w.since[row]) if turn.opens else at
    return Verdict(int(w.slot[row]), int(w.rule[row]), metric, turn.value, since, turn.opens)


def _of_count(each: Counted) -> Verdict:
    return Verdict(each.slot, each.rule, "", float(each.times), each.since, each.opens)


def _all_settled(
    state: SurveillanceState, offset: int, by_slot: dict[int, list[Verdict]]
) -> list[Emission]:
    emissions: list[Emission] = []
    for slot in sorted(by_slot):
        settled = _settled(state, offset, by_slot[slot], state.time)
        emissions += settled
        if settled:
            emissions += assess(state, offset, slot, state.time)
    return emissions


def _settled(
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
            emissions += _ended(state, offset, state.security.rules, each, "recovered", at)
    emissions.append(_told(state, offset, slot, at))
    if any(each.opens for each in verdicts):
        emissions += _quarantined(state, offset, slot, at)
    return emissions


def _raised(state: SurveillanceState, offset: int, each: Verdict, at: float) -> Emission:
    rule = state.security.rules.rules[each.rule]
    low, high = (None, rule.above) if rule.below is None else (rule.below, None)
    summary = _summary(state, each)
    why = Evidence(THREAT, rule.severity, each.metric, each.value, low, high, each.since, summary)
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


def _ended(
    state: SurveillanceState, offset: int, rules: Rules, each: Verdict, reason: str, at: float
) -> list[Emission]:
    name = _name(rules, each)
    opened = state.findings.get(each.slot, {}).get(name)
    if opened is None:
        return []
    state.security.standing(each.slot).end(state.security.policy, opened.finding_id, at)
    return end_finding(state, offset, each.slot, name, reason, at)


def _name(rules: Rules, each: Verdict) -> str:
    return f"{CHANNEL}:{rules.rules[each.rule].name}/{each.metric}"


def _told(state: SurveillanceState, offset: int, slot: int, at: float) -> Emission:
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
