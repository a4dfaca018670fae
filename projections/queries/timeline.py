"""What happened in an incident, in order: findings, what was done, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Integer, and_, bindparam, or_, select

from projections.models import events
from projections.queries.incidents import IncidentRow
from projections.queries.paging import unindexed

MAX_TOLD: Final = 500


class Happened(msgspec.Struct, frozen=True):
    """One entry; `at` in seconds since the epoch, `what` is the event's type."""

    at: float
    what: str
    agent: str
    event_id: str
    text: str


def timeline(
    connection: Connection, incident: IncidentRow, as_of: float | None = None
) -> list[Happened]:
    """Return what happened in an incident, oldest first: the latest `MAX_TOLD` entries.

    That is its own events, those of its listed findings, and the actions on its listed agents
    while it lasted.
    """
    e = events.c
    findings = sorted({member["finding_id"] for member in incident.members})
    agents = sorted({member["agent"] for member in incident.members})
    end = incident.closed_at if incident.closed_at is not None else incident.updated_at
    until = end if as_of is None else min(end, as_of)
    own = e.correlation_id.in_([incident.incident_id, *findings])
    acted = and_(e.subject.in_(agents), e.type.like("action.%"), e.time >= incident.since)
    query = (
        select(e.time, e.type, e.subject, e.id, e.data)
        .where(
            unindexed(e.tenant_id) == incident.tenant_id,
            unindexed(e.type).in_(list(_TEXTS)),
            or_(own, acted),
        )
        .order_by(e.time.desc(), e.seq.desc())
        .limit(bindparam("most", type_=Integer))
    )
    if as_of is not None or incident.closed_at is not None:
        query = query.where(e.time <= until)
    rows = connection.execute(query, {"most": MAX_TOLD}).all()
    return [_happened(*row) for row in reversed(rows)]


def _happened(at: float, what: str, subject: str, event_id: str, data: dict[str, Any]) -> Happened:
    return Happened(at, what, subject.partition("/")[2], event_id, _TEXTS[what](data))


def _named(data: dict[str, Any]) -> str:
    return f"{data['kind']} of {data['metric']}" if data["metric"] else str(data["kind"])


def _finding_ended(data: dict[str, Any]) -> str:
    return f"{_named(data)} ended after {data['lasted_s']:.1f} s: {data['reason']}"


def _finished(data: dict[str, Any]) -> str:
    verified = "verified" if data["verified"] else "not verified"
    return f"{data['action']} {data['outcome']}, {verified}: {data['detail']}"


def _withheld(data: dict[str, Any]) -> str:
    return f"nothing is done about {data['finding_kind']}: {data['reason']}"


def _answered(data: dict[str, Any]) -> str:
    return f"{'approved' if data['approved'] else 'rejected'} by {data['by']}: {data['reason']}"


def _refused(data: dict[str, Any]) -> str:
    return f"{data['action']} refused: {data['reason']} {data['detail']}".rstrip()


def _assigned(data: dict[str, Any]) -> str:
    return f"for {data['to'] or 'nobody'}, says {data['by']} {data['note']}".rstrip()


def _acknowledged(data: dict[str, Any]) -> str:
    return f"{data['by']} looks after it: {data['note']}"


def _unacknowledged(data: dict[str, Any]) -> str:
    return f"{data['by']} leaves it: {data['note']}"


def _commented(data: dict[str, Any]) -> str:
    return f"{data['by']}: {data['text']}"


def _grown(data: dict[str, Any]) -> str:
    count = f"{data['open_findings']} of {data['findings']} findings open, {data['agents']} agents"
    return f"{data['title']} ({data['status']}; {count})"


_TEXTS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "finding.raised": lambda data: str(data["summary"]),
    "finding.changed": lambda data: str(data["summary"]),
    "finding.ended": _finding_ended,
    "finding.acknowledged": _acknowledged,
    "finding.unacknowledged": _unacknowledged,
    "finding.assigned": _assigned,
    "finding.commented": _commented,
    "action.requested": lambda data: f"{data['action']} asked for by {data['requested_by']}",
    "action.proposed": lambda data: f"{data['action']} proposed",
    "action.withheld": _withheld,
    "action.awaiting_approval": lambda data: f"{data['action']} waits for a person",
    "action.approval_given": _answered,
    "action.queued": lambda data: f"{data['action']} waits: {data['reason']}",
    "action.granted": lambda data: f"{data['action']} granted",
    "action.refused": _refused,
    "action.claimed": lambda data: f"{data['action']} begun on {data['host']}",
    "action.verified": lambda data: f"{data['action']} verified: {data['detail']}",
    "action.finished": _finished,
    "incident.opened": _grown,
    "incident.changed": _grown,
    "incident.acknowledged": _acknowledged,
    "incident.unacknowledged": _unacknowledged,
    "incident.assigned": _assigned,
    "incident.commented": _commented,
    "incident.closed": lambda data: f"closed: {data['reason']} {data['merged_into']}".rstrip(),
}
"""A sentence for each type of event that is told."""
