"""What people say of findings and incidents: who looks after them, and what they found out.

It changes neither what is found nor what is done about it.
"""

from __future__ import annotations

import msgspec


class _OfFinding(msgspec.Struct, frozen=True):
    finding_id: str
    by: str


class _OfIncident(msgspec.Struct, frozen=True):
    incident_id: str
    by: str


class FindingAcknowledged(_OfFinding, frozen=True):
    """A person knows of an open finding and looks after it, until it ends or they take that back.

    `severity` is what they acknowledged; a worse one is not what they know of.
    """

    note: str
    severity: str


class FindingUnacknowledged(_OfFinding, frozen=True):
    """Nobody looks after it any more; `note` says why."""

    note: str


class FindingAssigned(_OfFinding, frozen=True):
    """It is for `to` to look after it; for nobody, where that is empty."""

    to: str
    note: str = ""


class FindingCommented(_OfFinding, frozen=True):
    """A person noted something about it."""

    text: str


class IncidentAcknowledged(_OfIncident, frozen=True):
    """A person knows of an incident and looks after it, until it is closed or they take that back.

    `severity` is what they acknowledged; a worse one is not what they know of.
    """

    note: str
    severity: str


class IncidentUnacknowledged(_OfIncident, frozen=True):
    """Nobody looks after it any more; `note` says why."""

    note: str


class IncidentAssigned(_OfIncident, frozen=True):
    """It is for `to` to look after it; for nobody, where that is empty."""

    to: str
    note: str = ""


class IncidentCommented(_OfIncident, frozen=True):
    """A person noted something about it."""

    text: str


Acknowledged = FindingAcknowledged | IncidentAcknowledged
Unacknowledged = FindingUnacknowledged | IncidentUnacknowledged
Assigned = FindingAssigned | IncidentAssigned
Commented = FindingCommented | IncidentCommented
OfFinding = FindingAcknowledged | FindingUnacknowledged | FindingAssigned | FindingCommented
OfIncident = IncidentAcknowledged | IncidentUnacknowledged | IncidentAssigned | IncidentCommented
