"""What people say of a finding or an incident, in the row of either."""

from __future__ import annotations

from typing import Final

from projections.rows import Row
from streams.contracts.events.response import (
    Acknowledged,
    Assigned,
    Commented,
    FindingAcknowledged,
    FindingAssigned,
    FindingCommented,
    IncidentAcknowledged,
    IncidentAssigned,
    IncidentCommented,
    Unacknowledged,
)

KEPT: Final = 100
"""Comments beside a thing; the log has all of them."""
UNANSWERED: Final[Row] = {"acknowledged_by": "", "acknowledgement": {}}


def blank() -> Row:
    """Return the columns of what nobody has said anything of."""
    return UNANSWERED | {"assigned_to": "", "comments": []}


def answered(
    row: Row, said: Acknowledged | Unacknowledged | Assigned | Commented, at: float, *, over: bool
) -> Row:
    """Return `row` with what a person said; what is `over` takes comments and nothing else.

    Of an end and a word that cross, the order of the log decides which was first.
    """
    match said:
        case FindingCommented() | IncidentCommented():
            comment = {"at": at, "by": said.by, "text": said.text}
            return row | {"comments": [*row["comments"], comment][-KEPT:]}
        case _ if over:
            return row
        case FindingAcknowledged() | IncidentAcknowledged():
            told = {"by": said.by, "at": at, "note": said.note, "severity": said.severity}
            return row | {"acknowledged_by": said.by, "acknowledgement": told}
        case FindingAssigned() | IncidentAssigned():
            return row | {"assigned_to": said.to}
        case _:
            return row | UNANSWERED
