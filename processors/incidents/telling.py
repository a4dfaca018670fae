"""What is told of an incident: its root and candidates, members, and a sentence for a person."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from config.incidents import IncidentPolicy
from processors.incidents import learning
from processors.incidents.fleet import host_key, needed_by
from processors.incidents.ranking import Node, Ranked, rank
from processors.incidents.state import Incident, IncidentsState, Part
from streams.contracts.events.finding import SEVERITIES, severity_rank
from streams.contracts.events.incident import (
    Candidate,
    IncidentChanged,
    IncidentOpened,
    Member,
    Root,
)

MAX_RANKED: Final = 500
"""Agents that are weighed: those that deviated first."""
_FAR: Final = 10.0
"""Widths beyond the expected range at which half the mark for strength is given."""


class Showing(NamedTuple):
    """An agent's findings, the weightiest first."""

    agent: str
    findings: list[tuple[str, Part]]


def told(state: IncidentsState, incident: Incident, policy: IncidentPolicy) -> IncidentOpened:
    """Return an incident as it is."""
    shows = _by_agent(incident)
    ranked = _ranked(state, shows, policy)
    candidates = [_candidate(shows, each, len(ranked)) for each in ranked[: policy.max_candidates]]
    best = candidates[0]
    total = sum(each.score for each in ranked[: policy.max_candidates])
    root = Root(best.agent, best.finding_id, best.reason, best.score / total if total else 0.0)
    return IncidentOpened(
        incident_id=incident.incident_id,
        title=_title(incident, root, len(shows)),
        severity=incident.severity,
        since=incident.since,
        status="open" if incident.open_findings else "recovering",
        root=root,
        candidates=candidates,
        members=_members(incident, root.agent, policy.max_members),
        coordinated=incident.coordinated,
        agents=_agents(incident),
        findings=incident.findings,
        open_findings=incident.open_total,
        policy_version=0,
    )


def as_changed(opened: IncidentOpened, merged: list[str]) -> IncidentChanged:
    """Return the same as news of a change."""
    return IncidentChanged(**msgspec.structs.asdict(opened), merged=merged)


def _by_agent(incident: Incident) -> dict[str, Showing]:
    shows: dict[str, Showing] = {}
    for finding_id in sorted(incident.parts):
        part = incident.parts[finding_id]
        shows.setdefault(part.agent, Showing(part.agent, [])).findings.append((finding_id, part))
    for showing in shows.values():
        showing.findings.sort(key=_weight)
    return shows


def _ranked(
    state: IncidentsState, shows: dict[str, Showing], policy: IncidentPolicy
) -> list[Ranked]:
    nodes = [_node(showing) for showing in shows.values()]
    nodes.sort(key=lambda node: (node.since, node.agent))
    weighed = nodes[:MAX_RANKED]
    return rank(weighed, {node.agent: _needs(state, node.agent, policy) for node in weighed})


def _node(showing: Showing) -> Node:
    part = showing.findings[0][1]
    rank_of_worst = min(severity_rank(part.severity) for _, part in showing.findings)
    severe = 1.0 - rank_of_worst / len(SEVERITIES)
    far = max(part.excess for _, part in showing.findings)
    strength = 0.7 * severe + 0.3 * (far / (far + _FAR))
    return Node(part.agent, min(part.since for _, part in showing.findings), strength)


def _needs(state: IncidentsState, key: str, policy: IncidentPolicy) -> set[str]:
    needed = set(needed_by(state, key))
    if host := host_key(state, key):
        needed.add(host)
    partners = learning.followed(state, key, policy)
    needed.update(name for name in partners if learning.leads(state, name, key, policy))
    return needed


def _candidate(shows: dict[str, Showing], ranked: Ranked, others: int) -> Candidate:
    finding_id, part = shows[ranked.agent].findings[0]
    what = f"{part.kind} of {part.metric}" if part.metric else part.kind
    reasons = [what, f"{part.severity}"]
    if others > 1:
        reasons.append(_order(ranked.place, others))
        if ranked.explains:
            reasons.append(f"{ranked.explains} of the other {others - 1} need it")
        if ranked.unexplained:
            reasons.append("nothing that it needs shows a finding")
        else:
            reasons.append("something that it needs shows a finding too")
    return Candidate(ranked.agent, finding_id, ", ".join(reasons), ranked.score)


def _order(place: int, others: int) -> str:
    return "the first to deviate" if not place else f"number {place + 1} of {others} to deviate"


def _title(incident: Incident, root: Root, agents: int) -> str:
    part = incident.parts[root.finding_id]
    name = root.agent.partition("/")[2]
    what = part.kind.replace("_", " ") + (f" ({part.metric})" if part.metric else "")
    if incident.coordinated:
        return f"Coordinated threat: {what} on {_many(_agents(incident))}, first on {name}"
    if agents == 1:
        return f"{name}: {what}"
    return f"{name}: {what}, and {_many(_agents(incident) - 1)} with it"


def _many(agents: int) -> str:
    return "1 agent" if agents == 1 else f"{agents} agents"


def _agents(incident: Incident) -> int:
    return sum(key.startswith("agent ") for key in incident.keys)


def _members(incident: Incident, root: str, most: int) -> list[Member]:
    ordered = sorted(
        incident.parts.items(),
        key=lambda item: (item[1].agent != root, item[1].since, item[1].agent, item[0]),
    )
    return [_member(finding_id, part, root) for finding_id, part in ordered[:most]]


def _member(finding_id: str, part: Part, root: str) -> Member:
    return Member(
        finding_id=finding_id,
        agent=part.agent,
        kind=part.kind,
        metric=part.metric,
        severity=part.severity,
        since=part.since,
        ended_at=part.ended_at,
        because="root" if part.agent == root else part.because or "time",
    )


def _weight(item: tuple[str, Part]) -> tuple[bool, int, float, str]:
    finding_id, part = item
    return part.ended_at is not None, severity_rank(part.severity), part.since, finding_id
