"""Incidents whose open findings are all silenced: they do not ask for attention."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from processors.incidents.state import Incident, IncidentsState
from processors.step import Fact
from streams.contracts.events.finding import FindingEnded, FindingReleased, FindingWithheld
from streams.contracts.events.incident import IncidentReleased, IncidentWithheld


def fold(state: IncidentsState, news: msgspec.Struct | None) -> None:
    """Count what is withheld among the open findings of an incident."""
    if not isinstance(news, FindingWithheld | FindingReleased | FindingEnded):
        return
    incident = state.incidents.get(state.incident_of.get(news.finding_id, ""))
    if incident is None or incident.parts[news.finding_id].ended_at is not None:
        return
    part = incident.parts[news.finding_id]
    incident.withheld -= bool(part.silence)
    part.silence = news.silence_id if isinstance(news, FindingWithheld) else ""
    incident.withheld += bool(part.silence)
    state.judging.append(incident.incident_id)


def judged(state: IncidentsState, at: float, cause: str) -> Iterator[Fact]:
    """Yield which of the incidents in question is withheld, or released, from now on."""
    for incident_id in dict.fromkeys(state.judging):
        incident = state.incidents.get(incident_id)
        if incident is None or incident.told_at is None or not incident.open_total:
            continue
        if silent(incident) == incident.told_withheld:
            continue
        data: IncidentWithheld | IncidentReleased = IncidentReleased(incident_id)
        if silent(incident):
            data = IncidentWithheld(incident_id, _silences(incident))
        yield Fact(incident.told_root, data, at, incident_id, cause)


def silent(incident: Incident) -> bool:
    """Say whether all that is open of an incident is withheld."""
    return incident.withheld == incident.open_total


def _silences(incident: Incident) -> list[str]:
    named = (part.silence for part in incident.parts.values() if part.ended_at is None)
    return sorted({silence for silence in named if silence})
