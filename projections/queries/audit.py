"""The audit trail."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.engine import RowMapping

from projections.models import audit
from projections.queries.paging import Page, columns_of, page, plain


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


def list_audit(
    connection: Connection,
    tenant: str | None,
    *,
    actor: str | None = None,
    action: str | None = None,
    outcome: str | None = None,
    level: str | None = None,
    since: float | None = None,
    until: float | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[AuditRow]:
    """Return records with `since` <= at < `until`, newest first; of all tenants without one."""
    query = select(*columns_of(audit))
    wanted = {"tenant_id": tenant, "actor": actor, "action": action, "outcome": outcome}
    for name, value in (wanted | {"level": level}).items():
        if value is not None:
            query = query.where(audit.c[name] == value)
    if since is not None:
        query = query.where(audit.c.at >= since)
    if until is not None:
        query = query.where(audit.c.at < until)
    order = [audit.c.at, audit.c.event_id]
    return page(connection, query, order, _record, limit, cursor, descending=True)


def _record(row: RowMapping) -> AuditRow:
    return AuditRow(**plain(row))
