"""Incidents: opened, changed, closed."""

from __future__ import annotations

from typing import Any, Final, get_args

import msgspec
from sqlalchemy import Table

from projections.models import incident_agents, incidents
from projections.read_models import response
from projections.read_models.typed import data_as
from projections.rows import Key, Row, Rows, Seen
from streams.contracts.events.incident import (
    IncidentChanged,
    IncidentClosed,
    IncidentOpened,
    IncidentReleased,
    IncidentWithheld,
)
from streams.contracts.events.response import OfIncident


def opened(rows: Rows, seen: Seen) -> None:
    """Enter an incident."""
    _enter(rows, seen, data_as(seen, IncidentOpened), [])


def changed(rows: Rows, seen: Seen) -> None:
    """Enter it as it is now."""
    data = data_as(seen, IncidentChanged)
    _enter(rows, seen, data, data.merged)


def closed(rows: Rows, seen: Seen) -> None:
    """Close it; what was last told of it stays."""
    data = data_as(seen, IncidentClosed)
    row = rows.get(incidents, data.incident_id) or _blank(seen, data.incident_id)
    row |= {
        "title": data.title,
        "severity": data.severity,
        "status": "closed",
        "closed_at": seen.at,
        "close_reason": data.reason,
        "merged_into": data.merged_into,
        "lasted_s": data.lasted_s,
        "open_findings": 0,
        "updated_at": seen.at,
    }
    rows.put(incidents, row)


def withheld(rows: Rows, seen: Seen) -> None:
    """Note that silences withhold all that is open of it."""
    _attend(rows, seen, data_as(seen, IncidentWithheld).incident_id, withheld=True)


def released(rows: Rows, seen: Seen) -> None:
    """Note that it asks for attention again."""
    _attend(rows, seen, data_as(seen, IncidentReleased).incident_id, withheld=False)


def answered(rows: Rows, seen: Seen) -> None:
    """Note what a person said of it; of what is not known nothing is kept."""
    data = data_as(seen, *_ANSWERS)
    row = rows.get(incidents, data.incident_id)
    if row is not None and row["tenant_id"] == seen.event.tenant:
        told = response.answered(row, data, seen.at, over=row["status"] == "closed")
        rows.put(incidents, told | {"updated_at": seen.at})


FOLDS: Final = {
    "incident.opened": opened,
    "incident.changed": changed,
    "incident.closed": closed,
    "incident.withheld": withheld,
    "incident.released": released,
    "incident.acknowledged": answered,
    "incident.unacknowledged": answered,
    "incident.assigned": answered,
    "incident.commented": answered,
}
_Told = IncidentOpened | IncidentClosed | IncidentWithheld | IncidentReleased | OfIncident
_KINDS: Final[tuple[type[_Told], ...]] = get_args(_Told)
_ANSWERS: Final[tuple[type[OfIncident], ...]] = get_args(OfIncident)


def touched(seen: Seen) -> tuple[Table, Key]:
    """Return the row that an event of `FOLDS` changes."""
    return incidents, (data_as(seen, *_KINDS).incident_id,)


def _attend(rows: Rows, seen: Seen, incident_id: str, *, withheld: bool) -> None:
    row = rows.get(incidents, incident_id) or _blank(seen, incident_id)
    rows.put(incidents, row | {"withheld": withheld, "updated_at": seen.at})


def _enter(rows: Rows, seen: Seen, data: IncidentOpened, merged: list[str]) -> None:
    row = rows.get(incidents, data.incident_id) or _blank(seen, data.incident_id)
    told: dict[str, Any] = msgspec.to_builtins(data)
    row |= {name: value for name, value in told.items() if name in incidents.c}
    row["merged"] = sorted({*row["merged"], *merged})
    row["updated_at"] = seen.at
    rows.put(incidents, row)
    for agent in sorted({member.agent for member in data.members}):
        _join(rows, seen, data.incident_id, agent)


def _join(rows: Rows, seen: Seen, incident_id: str, agent: str) -> None:
    tenant, _, agent_id = agent.partition("/")
    if rows.get(incident_agents, incident_id, agent_id) is None:
        joined = {
            "incident_id": incident_id,
            "agent_id": agent_id,
            "tenant_id": tenant,
            "joined_at": seen.at,
        }
        rows.put(incident_agents, joined)


def _blank(seen: Seen, incident_id: str) -> Row:
    return {
        "incident_id": incident_id,
        "tenant_id": seen.event.tenant,
        "title": "",
        "severity": "",
        "status": "open",
        "since": seen.at,
        "opened_at": seen.at,
        "closed_at": None,
        "close_reason": "",
        "merged_into": "",
        "lasted_s": None,
        "root": {},
        "candidates": [],
        "members": [],
        "merged": [],
        "coordinated": False,
        "agents": 0,
        "findings": 0,
        "open_findings": 0,
        "withheld": False,
        **response.blank(),
        "policy_version": 0,
        "event_id": seen.event.id,
        "updated_at": seen.at,
    }
