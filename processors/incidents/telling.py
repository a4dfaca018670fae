"""How an incident is announced: root and candidates, members, and a sentence for a person."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from config.incidents import IncidentPolicy
from processors.incidents import learning
from processors.incidents.fleet import host_key, needed_by
from processors.incidents.links import AGENT
from processors.incidents.ranking import GONE, Node, Ranked, Shown, confidence, rank, strength
from processors.incidents.state import Incident, IncidentsState, Part
from streams.contracts.events.finding import severity_rank
from streams.contracts.events.incident import (
    Candidate,
    IncidentChanged,
    IncidentOpened,
    Member,
    Root,
)

MAX_RANKED: Final = 500
"""Agents that are weighed: those that deviated first."""


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
    sure = confidence(ranked, policy.max_candidates)
    root = Root(best.agent, best.finding_id, best.reason, sure)
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
    shown: dict[str, Shown] = {}
    for _, part in showing.findings:
        gone = part.kind in GONE
        what = f"{part.kind} {part.metric}"
        each = Shown(what, strength(part.severity, part.excess, gone=gone), gone)
        shown[what] = max(each, shown.get(what, each))
    since = min(part.since for _, part in showing.findings)
    return Node(showing.agent, since, tuple(shown.values()))


def _needs(state: IncidentsState, key: str, policy: IncidentPolicy) -> set[str]:
    needed = set(needed_by(state, key))
    if host := host_key(state, key):
        needed.add(host)
    partners = learning.followed(state, key, policy)
    needed.update(name for name in partners if learning.leads(state, name, key, policy))
    return needed


def _candidate(shows: dict[str, Showing], ranked: Ranked, agents: int) -> Candidate:
    finding_id, part = shows[ranked.agent].findings[0]
    said = [f"{part.severity} {_what(part)}"]
    if agents > 1:
        said.append("the first to deviate" if not ranked.place else _after(ranked.place))
    if ranked.reach:
        said.append(f"needed by {ranked.reach} of the other {agents - 1}")
    if ranked.explained_by:
        said.append(f"but {ranked.explained_by.partition('/')[2]}, which it needs, accounts for it")
    elif agents > 1:
        said.append("nothing that it needs accounts for it")
    return Candidate(ranked.agent, finding_id, ", ".join(said), ranked.score)


def _after(place: int) -> str:
    return f"{place} deviated before" if place > 1 else "one deviated before"


def _what(part: Part) -> str:
    kind = part.kind.replace("_", " ")
    return f"{kind} ({part.metric})" if part.metric and part.kind not in GONE else kind


def _title(incident: Incident, root: Root, agents: int) -> str:
    part = incident.parts[root.finding_id]
    name = root.agent.partition("/")[2]
    what = _what(part)
    if incident.coordinated:
        return f"Coordinated threat: {what} on {_many(_agents(incident))}, first on {name}"
    if agents == 1:
        return f"{name}: {what}"
    return f"{name}: {what}, and {_many(_agents(incident) - 1)} with it"


def _many(agents: int) -> str:
    return "1 agent" if agents == 1 else f"{agents} agents"


def _agents(incident: Incident) -> int:
    return sum(key.startswith(AGENT) for key in incident.keys)


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
