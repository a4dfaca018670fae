"""Records that were not accepted."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select
from sqlalchemy.engine import RowMapping

from projections.models import dead_letters
from projections.queries.paging import Page, columns_of, page, plain


@dataclass(frozen=True, slots=True)
class DeadLetterRow:
    """A record that was not accepted; `key`, `value` and header values are base64.

    They belong to the installation, not to a tenant: who sent them is not proven.
    """

    event_id: str
    kind: str
    step: str
    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    key: str
    value: str
    headers: list[tuple[str, str]]
    truncated: bool
    at: float
    redrive_of: str
    outcome: str
    stamped: float | None


def list_dead_letters(
    connection: Connection,
    *,
    kind: str | None = None,
    reason: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[DeadLetterRow]:
    """Return dead letters, newest first."""
    query = select(*columns_of(dead_letters))
    for column, wanted in ((dead_letters.c.kind, kind), (dead_letters.c.reason, reason)):
        if wanted is not None:
            query = query.where(column == wanted)
    order = [dead_letters.c.at, dead_letters.c.event_id]
    return page(connection, query, order, _letter, limit, cursor, descending=True)


def get_dead_letter(connection: Connection, event_id: str) -> DeadLetterRow | None:
    """Return one dead letter, for a redrive."""
    query = select(*columns_of(dead_letters)).where(dead_letters.c.event_id == event_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _letter(row)


def count_dead_letters(connection: Connection) -> dict[str, int]:
    """Return how many dead letters there are, by reason."""
    query = select(dead_letters.c.reason, func.count()).group_by(dead_letters.c.reason)
    return {row[0]: row[1] for row in connection.execute(query)}


def _letter(row: RowMapping) -> DeadLetterRow:
    values = plain(row)
    values["headers"] = [(name, content) for name, content in values["headers"]]
    return DeadLetterRow(**values)
