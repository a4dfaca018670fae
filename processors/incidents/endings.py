"""Incidents that are over: taken out of the index, and kept until their end is announced."""

from __future__ import annotations

from processors.incidents import links
from processors.incidents.state import Ending, Incident, IncidentsState


def ended_as(incident: Incident, reason: str, at: float, merged_into: str = "") -> Ending:
    """Return what there is to tell of an incident that is no more."""
    ends = [at if part.ended_at is None else part.ended_at for part in incident.parts.values()]
    lasted_s = max(max(ends, default=at) - incident.since, 0.0)
    return Ending(
        incident.incident_id,
        incident.told_root,
        incident.told_title,
        incident.worst,
        reason,
        lasted_s,
        merged_into,
    )


def close(state: IncidentsState, incident: Incident, reason: str, at: float) -> None:
    """Take an incident out; it is told of where it was told of before."""
    if incident.told_at is not None:
        state.endings.append(ended_as(incident, reason, at))
    links.leave(state, incident)
    del state.incidents[incident.incident_id]
    for finding_id in incident.parts:
        del state.incident_of[finding_id]
