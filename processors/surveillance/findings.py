"""Findings raised, changed and ended, and the health that follows from them."""

from __future__ import annotations

from typing import Final, NamedTuple

from processors.health.score import STEP, health
from processors.lifecycle.transitions import Status
from processors.step import Emission
from processors.surveillance.state import (
    LEVELS,
    STATUSES,
    OpenFinding,
    SurveillanceState,
    fact,
    health_fact,
)
from streams.contracts.envelope import derived_id
from streams.contracts.events.finding import (
    FindingChanged,
    FindingEnded,
    FindingRaised,
    severity_rank,
)
from streams.contracts.record import Position

THREAT: Final = "threat"
"""The kind of finding that says nothing of health: it takes trust, which has a score of its own."""


class Evidence(NamedTuple):
    """Why a finding is raised."""

    kind: str
    severity: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    since: float
    summary: str
    drivers: tuple[str, ...] = ()
    reaches_limit_at: float | None = None
    one_in: int | None = None
    rule: str = ""


def raise_finding(
    state: SurveillanceState, offset: int, slot: int, channel: str, why: Evidence, at: float
) -> Emission:
    """Open a finding of an agent; `channel` names who judged (one finding each and metric)."""
    profile = state.profile(slot)
    position = Position(state.context.topic, state.context.partition, offset)
    finding_id = derived_id(f"finding/{channel}/{why.metric}/{profile.key}", position)
    opened = OpenFinding(finding_id, why.kind, why.severity, why.metric, why.since)
    state.findings.setdefault(slot, {})[f"{channel}/{why.metric}"] = opened
    data = FindingRaised(
        finding_id=finding_id,
        kind=why.kind,
        severity=why.severity,
        metric=why.metric,
        value=why.value,
        expected_low=why.low,
        expected_high=why.high,
        since=why.since,
        summary=why.summary,
        policy_version=state.policy.version,
        drivers=list(why.drivers) or ([why.metric] if why.metric else []),
        agent_type=profile.agent_type,
        labels=profile.labels,
        reaches_limit_at=why.reaches_limit_at,
        one_in=why.one_in,
        rule=why.rule,
    )
    return fact(state, offset, slot, data, at, finding_id)


def change_finding(
    state: SurveillanceState, offset: int, slot: int, channel: str, why: Evidence, at: float
) -> Emission:
    """Give an open finding another severity."""
    opened = state.findings[slot][f"{channel}/{why.metric}"]
    opened.severity = why.severity
    data = FindingChanged(
        opened.finding_id,
        opened.kind,
        why.severity,
        why.metric,
        why.value,
        why.summary,
        why.reaches_limit_at,
    )
    return fact(state, offset, slot, data, at, opened.finding_id)


def end_finding(
    state: SurveillanceState, offset: int, slot: int, name: str, reason: str, at: float
) -> list[Emission]:
    """End the finding called `name` (channel/metric), if it is open."""
    opened = state.findings.get(slot, {}).pop(name, None)
    if opened is None:
        return []
    if not state.findings[slot]:
        del state.findings[slot]
    data = FindingEnded(
        opened.finding_id, opened.kind, opened.metric, reason, max(0.0, at - opened.since)
    )
    return [fact(state, offset, slot, data, at, opened.finding_id)]


def end_all(
    state: SurveillanceState, offset: int, slot: int, reason: str, at: float
) -> list[Emission]:
    """End every finding of an agent."""
    names = sorted(state.findings.get(slot, {}))
    return [e for name in names for e in end_finding(state, offset, slot, name, reason, at)]


def assess(state: SurveillanceState, offset: int, slot: int, at: float) -> list[Emission]:
    """Weigh an agent's health anew; return a fact where it moved."""
    a = state.agents
    named = state.findings.get(slot, {})
    opened = {name: each for name, each in named.items() if each.kind != THREAT}
    present = STATUSES[a.status[slot]] not in (Status.OFFLINE, Status.DECOMMISSIONED)
    severities = [finding.severity for finding in opened.values()]
    now = health(severities, int(a.failures[slot]), present=present)
    level = LEVELS.index(now.level)
    same = level == a.level[slot]
    if same and abs(now.score - float(a.score[slot])) < STEP:
        return []
    if not same:
        a.level[slot], a.level_since[slot] = level, at
    a.score[slot] = now.score
    worst = sorted(opened.values(), key=lambda f: (severity_rank(f.severity), f.kind, f.metric))
    reasons = [f"{f.kind}:{f.metric}" if f.metric else f.kind for f in worst]
    return [health_fact(state, offset, slot, reasons, at)]
