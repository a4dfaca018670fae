"""Bounds of memory: what is dropped first when there is too much."""

from __future__ import annotations

from typing import Final

from config.incidents import IncidentPolicy
from processors.incidents.endings import close
from processors.incidents.state import Incident, IncidentsState

_SHARE: Final = 10
"""A tenth goes at a time, so that choosing costs little for each."""
_ENDED: Final = 4
"""Ended findings that an incident keeps, in listings of the policy."""


def make_room(state: IncidentsState, at: float, policy: IncidentPolicy) -> None:
    """Close the incidents that were quiet the longest, where one more finding has no place."""
    while (
        len(state.incidents) >= policy.max_incidents
        or len(state.incident_of) >= policy.max_findings
    ):
        ordered = sorted(state.incidents.values(), key=_quietest)
        for incident in ordered[: max(1, len(ordered) // _SHARE)]:
            close(state, incident, "evicted", at)


def shorten(state: IncidentsState, incident: Incident, policy: IncidentPolicy) -> None:
    """Forget the findings of an incident that ended first, where there are very many."""
    most = _ENDED * policy.max_members
    if len(incident.parts) - incident.open_total <= most:
        return
    ended = sorted(
        (part.ended_at, finding_id)
        for finding_id, part in incident.parts.items()
        if part.ended_at is not None
    )
    for _, finding_id in ended[: len(ended) // 2]:
        del incident.parts[finding_id]
        del state.incident_of[finding_id]


def _quietest(incident: Incident) -> tuple[bool, float, str]:
    return bool(incident.open_findings), incident.touched_at, incident.incident_id
