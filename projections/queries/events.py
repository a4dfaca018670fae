"""The log of facts: pages of it, the live end, and the chain of one finding."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, or_, select
from sqlalchemy.engine import RowMapping

from projections.models import events
from projections.queries.paging import bounded, columns_of, plain


@dataclass(frozen=True, slots=True)
class EventRow:
    """A fact or command as it lies in the log.

    Parameters
    ----------
    seq : int
        Ascending in the order of becoming visible: resume a stream after it.
    time : float
        Seconds since the epoch, as the event says.
    topic, partition, offset
        Where it lies in the log.
    """

    seq: int
    id: str
    type: str
    source: str
    subject: str
    tenant_id: str
    time: float
    data: dict[str, Any]
    correlation_id: str
    causation_id: str
    topic: str
    partition: int
    offset: int


def list_events(
    connection: Connection,
    tenant: str,
    *,
    after: int = 0,
    before: int | None = None,
    until: float | None = None,
    types: Collection[str] = (),
    subject: str | None = None,
    limit: int = 100,
) -> list[EventRow]:
    """Return events in the order of `seq`, oldest first.

    Parameters
    ----------
    after : int
        Only those with a greater `seq`: a live stream's place.
    before : int or None
        Instead the last `limit` events with a smaller `seq`: a page into the past.
    until : float or None
        Only those that happened by then, in seconds since the epoch.
    subject : str or None
        ``tenant/agent``.
    """
    if subject is not None and subject.partition("/")[0] != tenant:
        return []
    query = select(*columns_of(events)).where(events.c.seq > after)
    if types:
        query = query.where(events.c.type.in_(sorted(types)))
    # A subject says its tenant: asked for both, a planner may read all of the tenant's events.
    owner = events.c.tenant_id == tenant if subject is None else events.c.subject == subject
    query = query.where(owner)
    if until is not None:
        query = query.where(events.c.time <= until)
    if before is not None:
        query = query.where(events.c.seq < before).order_by(events.c.seq.desc())
    else:
        query = query.order_by(events.c.seq)
    rows = [_event(row) for row in connection.execute(query.limit(bounded(limit))).mappings()]
    return rows if before is None else rows[::-1]


def get_event(connection: Connection, tenant: str, event_id: str) -> EventRow | None:
    """Return one event, or None where there is none of that id."""
    query = select(*columns_of(events)).where(events.c.tenant_id == tenant, events.c.id == event_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _event(row)


def latest_event_seq(connection: Connection) -> int:
    """Return the greatest `seq` of all tenants; 0 where there is no event."""
    return connection.execute(select(func.max(events.c.seq))).scalar() or 0


def chain(connection: Connection, tenant: str, correlation: str) -> list[EventRow]:
    """Return all events of one finding or request: every cause before what follows from it.

    Parameters
    ----------
    correlation : str
        The correlation id that they share (or the id of the event that began it).
    """
    query = (
        select(*columns_of(events))
        .where(
            events.c.tenant_id == tenant,
            or_(events.c.correlation_id == correlation, events.c.id == correlation),
        )
        .order_by(events.c.time, events.c.seq)
        .limit(10_000)
    )
    return causal_order([_event(row) for row in connection.execute(query).mappings()])


def causal_order(rows: Sequence[EventRow]) -> list[EventRow]:
    """Return `rows` with every cause before its effects, otherwise in the given order."""
    by_id = {row.id: row for row in rows}
    ordered: dict[str, EventRow] = {}
    for row in rows:
        waiting = [row]
        seen = {row.id}
        while (cause := by_id.get(waiting[-1].causation_id)) and cause.id not in seen | set(
            ordered
        ):
            seen.add(cause.id)
            waiting.append(cause)
        for event in reversed(waiting):
            ordered.setdefault(event.id, event)
    return list(ordered.values())


def _event(row: RowMapping) -> EventRow:
    return EventRow(**plain(row))
