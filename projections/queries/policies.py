"""Policies: the one in force, and those before it. They belong to the installation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from projections.models import policies
from projections.queries.paging import bounded, columns_of


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A policy that came into force at `changed_at` (seconds since the epoch).

    `shipped` is the policy of a release that was answered by it, where it was.
    """

    event_id: str
    version: int
    hash: str
    policy: dict[str, Any]
    changed_by: str
    reason: str
    changed_at: float
    shipped: dict[str, Any] | None = None


def list_policies(connection: Connection, *, limit: int = 50) -> list[PolicyRow]:
    """Return policies, the latest version first."""
    query = (
        select(*columns_of(policies))
        .order_by(policies.c.version.desc(), policies.c.changed_at)
        .limit(bounded(limit))
    )
    return [PolicyRow(**row) for row in connection.execute(query).mappings()]


def current_policy(connection: Connection) -> PolicyRow | None:
    """Return the policy in force; None where it is still the one that ships."""
    return next(iter(list_policies(connection, limit=1)), None)


def answered_policy(connection: Connection) -> dict[str, Any] | None:
    """Return the shipped policy that was answered last: at first, the one that it began with."""
    found = connection.scalar(
        select(policies.c.shipped)
        .where(policies.c.shipped.is_not(None))
        .order_by(policies.c.version.desc(), policies.c.changed_at)
        .limit(1)
    )
    if found is None:
        first = select(policies.c.policy).order_by(policies.c.version, policies.c.changed_at)
        found = connection.scalar(first.limit(1))
    return found
