"""Which incident a finding belongs to: those that it links become one."""

from __future__ import annotations

from config.incidents import IncidentPolicy
from processors.incidents import alike, learning, links
from processors.incidents.crowding import make_room, shorten
from processors.incidents.endings import ended_as
from processors.incidents.state import Incident, IncidentsState, Part
from streams.contracts.events.finding import (
    FindingChanged,
    FindingEnded,
    FindingRaised,
    severity_rank,
)
from streams.contracts.events.incident import REASONS

Reasons = dict[str, str]
"""Incidents that a finding belongs to, each with the strongest reason."""


def raised(
    state: IncidentsState,
    key: str,
    data: FindingRaised,
    at: float,
    new_id: str,
    policy: IncidentPolicy,
) -> None:
    """Enter a finding into its incident, which may be new, or several that are one from now on."""
    if data.finding_id in state.incident_of:
        return
    make_room(state, at, policy)
    followed = learning.followed(state, key, policy)
    learning.began(state, key, at, policy)
    found = _by_links(state, key, data, at, followed, policy)
    cohorts = alike.shown(state, key, data, at, policy)
    for cohort in cohorts:
        for incident_id in _of_cohort(state, cohort):
            found.setdefault(incident_id, "cohort")
    incident = _united(state, found, at, policy) or _begun(state, new_id, data, at)
    because = min(found.values(), key=_strength) if found else None
    part = Part(
        key, data.kind, data.metric, data.severity, data.since, at, excess_of(data), because
    )
    _enter(state, incident, data.finding_id, part, policy)
    for cohort in cohorts:
        _bring_together(state, incident, cohort)


def changed(state: IncidentsState, data: FindingChanged, at: float, policy: IncidentPolicy) -> None:
    """Give a finding of an incident another severity."""
    incident = state.incidents.get(state.incident_of.get(data.finding_id, ""))
    if incident is None:
        return
    part = incident.parts[data.finding_id]
    if part.severity == data.severity or part.ended_at is not None:
        return
    _count(incident, part.severity, -1)
    part.severity = data.severity
    _count(incident, part.severity, 1)
    tell(state, incident, at, policy)


def ended(state: IncidentsState, data: FindingEnded, at: float, policy: IncidentPolicy) -> None:
    """End a finding of an incident; after its last, the incident waits for quiet."""
    incident = state.incidents.get(state.incident_of.get(data.finding_id, ""))
    if incident is None or incident.parts[data.finding_id].ended_at is not None:
        return
    part = incident.parts[data.finding_id]
    part.ended_at = at
    incident.touched_at = at
    _count(incident, part.severity, -1)
    left = incident.open_findings.pop(part.agent) - 1
    if left:
        incident.open_findings[part.agent] = left
    shorten(state, incident, policy)
    if not incident.open_findings:
        incident.close_at = at + policy.quiet_s
        state.look_at(incident, incident.close_at)
    tell(state, incident, at, policy)


def tell(state: IncidentsState, incident: Incident, at: float, policy: IncidentPolicy) -> None:
    """Have a change told of: at once where it got worse, or when enough time has passed."""
    if incident.told_at is None and _is_small(incident, policy):
        return
    if incident.told_at is None:
        due = incident.tell_at if incident.tell_at is not None else at + policy.gather_s
    elif severity_rank(incident.severity) < severity_rank(incident.told_severity):
        due = at
    else:
        due = at + policy.gather_s
    if incident.tell_at is None or due < incident.tell_at:
        incident.tell_at = due
        state.look_at(incident, due)


def excess_of(data: FindingRaised) -> float:
    """Return how far a value lies beyond what was expected, in widths of that range.

    Where there is no range, or no value, it is 0: nothing is known of it.

    Examples
    --------
    >>> base = FindingRaised("f", "anomaly", "high", "cpu", 90.0, 20.0, 40.0, 0.0, "", 1)
    >>> excess_of(base)
    2.5
    """
    value, low, high = data.value, data.expected_low, data.expected_high
    if value is None or low is None or high is None or not high > low:
        return 0.0
    beyond = max(value - high, low - value, 0.0)
    return min(beyond / (high - low), 1e6)


def _by_links(
    state: IncidentsState,
    key: str,
    data: FindingRaised,
    at: float,
    followed: list[str],
    policy: IncidentPolicy,
) -> Reasons:
    found: Reasons = {}
    for link in links.to_follow(state, key, followed):
        for incident_id in links.linked(state, link, data.since, at, policy.window_s):
            # The links come strongest first, and an agent's own incident before all others.
            found.setdefault(incident_id, link.because)
    return found


def _of_cohort(state: IncidentsState, cohort: alike.Alike) -> set[str]:
    if cohort.incident:
        return {cohort.incident}
    found: set[str] = set()
    for key in cohort.agents:
        found.update(state.found_by.get(links.agent_link(key), ()))
    return found


def _bring_together(state: IncidentsState, incident: Incident, cohort: alike.Alike) -> None:
    state.showing[cohort.name].incident = incident.incident_id
    incident.cohorts[cohort.name] = max(cohort.many, incident.cohorts.get(cohort.name, 0))
    incident.coordinated = incident.coordinated or cohort.coordinated


def _begun(state: IncidentsState, new_id: str, data: FindingRaised, at: float) -> Incident:
    incident = Incident(new_id, data.finding_id, data.since, at)
    state.incidents[new_id] = incident
    return incident


def _enter(
    state: IncidentsState, incident: Incident, finding_id: str, part: Part, policy: IncidentPolicy
) -> None:
    incident.parts[finding_id] = part
    incident.findings += 1
    incident.since = min(incident.since, part.since)
    _count(incident, part.severity, 1)
    incident.open_findings[part.agent] = incident.open_findings.get(part.agent, 0) + 1
    incident.touched_at = part.raised_at
    incident.close_at = None
    state.incident_of[finding_id] = incident.incident_id
    for key in links.to_enter(state, part.agent):
        links.enter(state, incident, key, part.raised_at)
    if part.because not in (None, "time"):  # what came later to the same agent explains nothing
        _explain_first(incident, part.because)
    tell(state, incident, part.raised_at, policy)


def _united(
    state: IncidentsState, found: Reasons, at: float, policy: IncidentPolicy
) -> Incident | None:
    """Return the one incident that those found are from now on: the one told of first."""
    if not found:
        return None
    ordered = sorted((state.incidents[name] for name in found), key=_seniority)
    kept = ordered[0]
    for other in ordered[1:]:
        _take_in(state, kept, other, found[other.incident_id], at)
    if len(ordered) > 1:
        tell(state, kept, at, policy)
    return kept


def _take_in(
    state: IncidentsState, kept: Incident, other: Incident, because: str, at: float
) -> None:
    if other.told_at is not None:
        kept.merged.append(other.incident_id)
        state.endings.append(ended_as(other, "merged", at, kept.incident_id))
    kept.merged.extend(other.merged)
    _explain_first(kept, because)
    _explain_first(other, because)
    links.leave(state, other)
    del state.incidents[other.incident_id]
    for finding_id in other.parts:
        state.incident_of[finding_id] = kept.incident_id
    kept.parts |= other.parts
    kept.withheld += other.withheld
    kept.findings += other.findings
    kept.since = min(kept.since, other.since)
    kept.touched_at = max(kept.touched_at, other.touched_at)
    for severity, count in other.severities.items():
        _count(kept, severity, count)
    _count(kept, other.worst, 0)
    for key, count in other.open_findings.items():
        kept.open_findings[key] = kept.open_findings.get(key, 0) + count
    for key, last in other.keys.items():
        links.enter(state, kept, key, last)
    _take_cohorts(state, kept, other)


def _take_cohorts(state: IncidentsState, kept: Incident, other: Incident) -> None:
    kept.coordinated = kept.coordinated or other.coordinated
    for name, count in other.cohorts.items():
        kept.cohorts[name] = max(count, kept.cohorts.get(name, 0))
        showing = state.showing.get(name)
        if showing is not None and showing.incident == other.incident_id:
            showing.incident = kept.incident_id


def _is_small(incident: Incident, policy: IncidentPolicy) -> bool:
    """Say whether a single agent shows it, and nothing that a person should follow."""
    if len(incident.open_findings) > 1:
        return False
    if severity_rank(incident.worst) <= severity_rank(policy.alone_from):
        return False
    return len({part.agent for part in incident.parts.values()}) == 1


def _count(incident: Incident, severity: str, by: int) -> None:
    if severity_rank(severity) < severity_rank(incident.worst) or not incident.worst:
        incident.worst = severity
    count = incident.severities.pop(severity, 0) + by
    if count:
        incident.severities[severity] = count


def _explain_first(incident: Incident, because: str) -> None:
    """Let the finding that an incident began with have the reason that it was linked by."""
    first = incident.parts.get(incident.began_with)
    if first is not None and first.because is None:
        first.because = because


def _seniority(incident: Incident) -> tuple[bool, float, str]:
    told = incident.told_at
    return told is None, told if told is not None else incident.touched_at, incident.incident_id


def _strength(because: str) -> int:
    return REASONS.index(because)
