"""The audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select
from sqlalchemy.engine import RowMapping

from projections.models import audit
from projections.queries.paging import Page, asked_for, columns_of, page, plain


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One record; `at` is in seconds since the epoch."""

    event_id: str
    tenant_id: str
    at: float
    actor: str
    role: str
    action: str
    resource: str
    outcome: str
    level: str
    details: dict[str, str]
    writer: str
    number: int
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which records are asked for; None leaves a property open.

    Parameters
    ----------
    actor, action, outcome, level : str or None
        As in `AuditRow`.
    since, until : float or None
        The first moment, and the one after the last, in seconds since the epoch.
    """

    actor: str | None = None
    action: str | None = None
    outcome: str | None = None
    level: str | None = None
    since: float | None = None
    until: float | None = None

    @property
    def by_column(self) -> dict[str, Any]:
        """What is asked of single columns, by their names."""
        return asked_for(
            actor=self.actor, action=self.action, outcome=self.outcome, level=self.level
        )


ALL_RECORDS: Final = AuditQuery()


def list_audit(
    connection: Connection,
    tenant: str | None,
    wanted: AuditQuery = ALL_RECORDS,
    *,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[AuditRow]:
    """Return one page of the records that are `wanted`, newest first; tenant None: of all."""
    query = select(*columns_of(audit))
    for name, value in (asked_for(tenant_id=tenant) | wanted.by_column).items():
        query = query.where(audit.c[name] == value)
    if wanted.since is not None:
        query = query.where(audit.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(audit.c.at < wanted.until)
    order = [audit.c.at, audit.c.event_id]
    return page(connection, query, order, _record, limit, cursor, descending=True)


def _record(row: RowMapping) -> AuditRow:
    return AuditRow(**plain(row))
