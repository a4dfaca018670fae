"""Threats: what agents do is held to the policy's rules, by heartbeats, events and time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from processors.security.counts import Counted
from processors.security.rules import Rules
from processors.security.watch import Turn
from processors.step import Emission, Fact
from processors.surveillance.findings import THREAT, assess
from processors.surveillance.samples import Samples
from processors.surveillance.state import SurveillanceState
from processors.surveillance.trust import Verdict, ended, settled, told
from streams.contracts.events.agent import AgentStatusChanged, AgentTransitionRefused
from streams.contracts.events.finding import FindingRaised
from streams.contracts.record import Record

LETTERS: Final = "dead_letter"
Found = list[tuple[int, Emission]]


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
    if counted := _counted(state, before):
        records = dict(zip(r.offset.tolist(), range(len(r.offset)), strict=True))
        for emission, verdicts in counted:
            found.setdefault(records[emission.offset], []).extend(verdicts)
    return [
        (record, emission)
        for record in sorted(found)
        for emission in settled(state, int(r.offset[record]), found[record], float(r.now[record]))
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
        emissions.append(told(state, offset, slot, state.time))
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
                emissions += ended(state, offset, rules, each, "superseded", state.time)
        emissions.append(told(state, offset, slot, state.time))
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
        follows = settled(state, offset, by_slot[slot], state.time)
        emissions += follows
        if follows:
            emissions += assess(state, offset, slot, state.time)
    return emissions
