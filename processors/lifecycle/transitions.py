"""The twelve states of an agent, and the transitions between them.

A transition that is not in the table is refused with a reason; asking for the present state is
refused as well, so that a fact always says that something changed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Status(StrEnum):
    """Where an agent stands in its life. The order is part of snapshots: append only."""

    REGISTERED = "registered"
    PROVISIONING = "provisioning"
    ACTIVE = "active"
    IDLE = "idle"
    BUSY = "busy"
    DEGRADED = "degraded"
    MAINTENANCE = "maintenance"
    QUARANTINED = "quarantined"
    COMPROMISED = "compromised"
    OFFLINE = "offline"
    DECOMMISSIONING = "decommissioning"
    DECOMMISSIONED = "decommissioned"


class Allowed(NamedTuple):
    """The transition is legal."""

    status: Status
    reason: str


class Refused(NamedTuple):
    """The transition is not legal; `reason` is a stable name."""

    requested: str
    reason: str


S = Status
WORKING: Final = frozenset({S.ACTIVE, S.IDLE, S.BUSY, S.DEGRADED})
"""States in which silence means offline, and which an agent may declare for itself."""
_SET_ASIDE: Final = frozenset({S.MAINTENANCE, S.QUARANTINED, S.COMPROMISED, S.DECOMMISSIONING})

TABLE: Final[dict[Status, frozenset[Status]]] = {
    S.REGISTERED: WORKING | _SET_ASIDE | {S.PROVISIONING},
    S.PROVISIONING: WORKING | _SET_ASIDE | {S.OFFLINE},
    S.ACTIVE: (WORKING | _SET_ASIDE | {S.OFFLINE}) - {S.ACTIVE},
    S.IDLE: (WORKING | _SET_ASIDE | {S.OFFLINE}) - {S.IDLE},
    S.BUSY: (WORKING | _SET_ASIDE | {S.OFFLINE}) - {S.BUSY},
    S.DEGRADED: (WORKING | _SET_ASIDE | {S.OFFLINE}) - {S.DEGRADED},
    S.OFFLINE: WORKING | _SET_ASIDE | {S.PROVISIONING},
    S.MAINTENANCE: frozenset({S.ACTIVE, S.QUARANTINED, S.COMPROMISED, S.DECOMMISSIONING}),
    S.QUARANTINED: frozenset({S.ACTIVE, S.MAINTENANCE, S.COMPROMISED, S.DECOMMISSIONING}),
    S.COMPROMISED: frozenset({S.QUARANTINED, S.DECOMMISSIONING}),
    S.DECOMMISSIONING: frozenset({S.DECOMMISSIONED}),
    S.DECOMMISSIONED: frozenset(),
}


def transition(status: Status, requested: str, reason: str) -> Allowed | Refused:
    """Return whether an agent in `status` may become `requested`.

    Parameters
    ----------
    status : Status
        Where it stands.
    requested : str
        Where it shall go; an unknown name is refused.
    reason : str
        Why, carried into the fact.

    Examples
    --------
    >>> transition(Status.ACTIVE, "maintenance", "upgrade").reason
    'upgrade'
    >>> transition(Status.DECOMMISSIONED, "active", "heartbeat").reason
    'final_state'
    """
    try:
        wanted = Status(requested)
    except ValueError:
        return Refused(requested, "unknown_status")
    if wanted is status:
        return Refused(requested, "already_there")
    if not TABLE[status]:
        return Refused(requested, "final_state")
    if wanted not in TABLE[status]:
        return Refused(requested, "illegal_transition")
    return Allowed(wanted, reason)
