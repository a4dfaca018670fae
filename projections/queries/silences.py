"""Silences: those in force, to come and over; now, or as they were at a past moment."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select

from processors.silences.schedule import next_turn, window_at
from projections.models import silences
from projections.queries.paging import Page, Pages, selected
from projections.queries.statement import Statement
from projections.queries.totals import Counted
from streams.contracts.events.silence import Matcher, Recurrence, SilenceCreated

STANDING: Final = ("active", "pending")
"""States of what is not over."""
OVER: Final = ("expired", "ended", "refused")


class SilenceRow(msgspec.Struct, frozen=True):
    """A silence; times in seconds since the epoch, `matchers` and `recurrence` as in its event."""

    silence_id: str
    tenant_id: str
    matchers: list[dict[str, Any]]
    recurrence: dict[str, Any]
    starts_at: float
    ends_at: float
    maintenance: bool
    reason: str
    created_by: str
    created_at: float
    ended_at: float | None
    ended_by: str
    end_reason: str
    refused: str

    @property
    def said(self) -> SilenceCreated:
        """What was asked for."""
        return SilenceCreated(
            self.silence_id,
            msgspec.convert(self.matchers, list[Matcher]),
            self.starts_at,
            self.ends_at,
            self.reason,
            self.created_by,
            self.maintenance,
            msgspec.convert(self.recurrence, Recurrence) if self.recurrence else None,
        )

    def state(self, at: float) -> str:
        """Return active, pending, expired, ended or refused, as it is at a moment."""
        if self.ended_at is not None and self.ended_at <= at:
            return "refused" if self.refused else "ended"
        if self.ends_at <= at:
            return "expired"
        return "active" if window_at(self.said, at) else "pending"

    def turns_at(self, at: float) -> float | None:
        """Return when it begins, or ceases, to be in force next; None where it is over."""
        return next_turn(self.said, at) if self.state(at) in STANDING else None


def list_silences(
    connection: Connection,
    tenant: str,
    at: float,
    *,
    state: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[SilenceRow]:
    """Return the silences that were made by `at`, newest first.

    Parameters
    ----------
    at : float
        The moment of which states are told, in seconds since the epoch.
    state : str or None
        One of `STANDING` or `OVER`, ``standing`` or ``over``; None for all. A page of one state
        may be shorter than it could be: windows that come back are told apart after reading.
    """
    standing = None if state is None else state in (*STANDING, "standing")
    found = _listed(standing).page(connection, {"tenant": tenant, "at": at}, limit, cursor)
    if state in (None, "standing", "over"):
        return found
    return Page([row for row in found.items if row.state(at) == state], found.next_cursor)


def get_silence(
    connection: Connection, tenant: str, silence_id: str, at: float | None = None
) -> SilenceRow | None:
    """Return one silence; None where there is none of that id, or was none at `at`."""
    row = _ONE.first(connection, {"tenant": tenant, "silence": silence_id})
    return None if row is None or (at is not None and row.created_at > at) else row


def count_standing(connection: Connection, tenant: str, at: float) -> int:
    """Return how many silences of a tenant are not over."""
    c = silences.c
    query = select(func.count()).where(c.tenant_id == tenant, _standing(bindparam("at", at)))
    return connection.execute(query).scalar_one()


def standing_counts(connection: Connection, tenant: str | None, at: float) -> Counted:
    """Return how many silences are not over, by tenant and by whether they are maintenance."""
    c = silences.c
    query = select(c.tenant_id, c.maintenance, func.count()).where(_standing(bindparam("at", at)))
    if tenant is not None:
        query = query.where(c.tenant_id == tenant)
    query = query.group_by(c.tenant_id, c.maintenance).order_by(c.tenant_id, c.maintenance)
    rows = connection.execute(query)
    return [((row[0], "maintenance" if row[1] else "silence"), float(row[2])) for row in rows]


_OWN = selected(silences, SilenceRow).where(silences.c.tenant_id == bindparam("tenant"))
_ONE = Statement(_OWN.where(silences.c.silence_id == bindparam("silence")), SilenceRow)


def _standing(at: Any) -> ColumnElement[bool]:
    c = silences.c
    return and_(c.ends_at > at, or_(c.ended_at.is_(None), c.ended_at > at))


@lru_cache
def _listed(standing: bool | None) -> Pages[SilenceRow]:
    c = silences.c
    at: Any = bindparam("at")
    query = _OWN.where(c.created_at <= at)
    if standing is not None:
        query = query.where(_standing(at) if standing else ~_standing(at))
    return Pages(query, [c.created_at, c.silence_id], SilenceRow, descending=True)
