"""How far the projections are behind the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, select

from projections.models import counters, positions

PROJECTION = "views"
"""The name under which the views keep their positions."""


@dataclass(frozen=True, slots=True)
class PartitionProgress:
    """How far one partition is.

    Parameters
    ----------
    next_offset : int
        What is read next.
    lag : int or None
        Records behind the end; None where the end was not given.
    record_time : float
        The timestamp of the newest record that is visible, seconds since the epoch.
    updated_at : float
        When it was written, by the clock.
    """

    topic: str
    partition: int
    next_offset: int
    lag: int | None
    record_time: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class SystemHealth:
    """Progress of every partition, the lag of all, and the counters by (name, label)."""

    partitions: list[PartitionProgress]
    lag: int | None
    updated_at: float | None
    counters: dict[tuple[str, str], int]


def system_health(
    connection: Connection, ends: Mapping[tuple[str, int], int] | None = None
) -> SystemHealth:
    """Return how far the projections are.

    Parameters
    ----------
    ends : mapping of (topic, partition) to int, optional
        The log's end offsets, from which lag follows. A partition never read counts from 0.
    """
    rows = connection.execute(
        select(positions)
        .where(positions.c.projection == PROJECTION)
        .order_by(positions.c.topic, positions.c.partition)
    ).mappings()
    known = {(row["topic"], row["partition"]): row for row in rows}
    progress = [
        PartitionProgress(
            *place,
            next_offset=row["next_offset"],
            lag=_lag(ends, place, row["next_offset"]),
            record_time=row["record_time"],
            updated_at=row["updated_at"],
        )
        for place, row in known.items()
    ]
    unread = sum(end for place, end in (ends or {}).items() if place not in known)
    lag = None if ends is None else unread + sum(p.lag or 0 for p in progress)
    updated = max((p.updated_at for p in progress), default=None)
    counted = {(row.name, row.label): row.value for row in connection.execute(select(counters))}
    return SystemHealth(progress, lag, updated, counted)


def is_projected(connection: Connection, topic: str, partition: int, offset: int) -> bool:
    """Say whether the record at `offset` is visible: what a read after a write waits for."""
    place = {"topic": topic, "partition": partition}
    reached = connection.execute(_REACHED, place).scalar()
    return reached is not None and reached > offset


_REACHED: Final = select(positions.c.next_offset).where(
    positions.c.projection == PROJECTION,
    positions.c.topic == bindparam("topic"),
    positions.c.partition == bindparam("partition"),
)


def _lag(
    ends: Mapping[tuple[str, int], int] | None, place: tuple[str, int], next_offset: int
) -> int | None:
    if ends is None or place not in ends:
        return None
    return max(0, ends[place] - next_offset)
