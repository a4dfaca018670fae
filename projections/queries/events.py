"""The log of facts: pages of it, the live end, and the chain of one finding."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Integer, bindparam, func, or_, select, tuple_

from projections.models import events
from projections.queries.paging import bounded, selected, unindexed
from projections.queries.statement import Statement


class EventRow(msgspec.Struct, frozen=True):
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


def find_event(connection: Connection, event_id: str) -> EventRow | None:
    """Return the event of that id, of whichever tenant; None where the log of facts has none."""
    wanted = [events.c[name] for name in EventRow.__struct_fields__]
    row = connection.execute(select(*wanted).where(events.c.id == event_id)).first()
    return None if row is None else EventRow(*row)


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
    values = {
        "after": after,
        "before": before,
        "until": until,
        "types": sorted(types),
        "owner": tenant if subject is None else subject,
        "most": bounded(limit),
    }
    given = frozenset(n for n, v in (("before", before), ("until", until)) if v is not None)
    query = _listed(connection.dialect.name, given, bool(types), subject is not None)
    rows = query.all(connection, values)
    return rows if before is None else rows[::-1]


@lru_cache
def _listed(dialect: str, given: frozenset[str], types: bool, subject: bool) -> Statement[EventRow]:
    c = events.c
    if dialect == "postgresql" and given == {"before", "until"} and not (types or subject):
        return _until()
    # A subject says its tenant: asked for both, a planner may read all of the tenant's events.
    by_type = types and dialect == "sqlite"
    owned = c.subject if subject else unindexed(c.tenant_id) if by_type else c.tenant_id
    owner = owned == bindparam("owner")
    query = selected(events, EventRow).where(c.seq > bindparam("after"), owner)
    if types:
        kind = unindexed(c.type) if subject else c.type
        query = query.where(kind.in_(bindparam("types", expanding=True)))
    if "until" in given:
        query = query.where(c.time <= bindparam("until"))
    if "before" in given:
        query = query.where(c.seq < bindparam("before"))
    order = c.seq.desc() if "before" in given else c.seq
    ordered = query.order_by(order).limit(bindparam("most", type_=Integer))
    return Statement(ordered, EventRow)


def _until() -> Statement[EventRow]:
    """Return a tenant's last events that happened by a moment, found in the index of their times.

    The bounds are of tenant and place together: asked for the tenant, PostgreSQL goes back through
    all events themselves, in the order of their key, to look at the time of each.
    """
    c = events.c
    place = tuple_(c.tenant_id, c.seq)
    first, last = (
        tuple_(bindparam("owner", type_=c.tenant_id.type), bindparam(name, type_=c.seq.type))
        for name in ("after", "before")
    )
    query = selected(events, EventRow).where(place > first, place < last)
    query = query.where(c.time <= bindparam("until"))
    ordered = query.order_by(c.tenant_id.desc(), c.seq.desc())
    return Statement(ordered.limit(bindparam("most", type_=Integer)), EventRow)


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
        selected(events, EventRow)
        .where(
            unindexed(events.c.tenant_id) == tenant,
            or_(events.c.correlation_id == correlation, events.c.id == correlation),
        )
        .order_by(events.c.time, events.c.seq)
        .limit(10_000)
    )
    return causal_order([EventRow(*row) for row in connection.execute(query)])


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
