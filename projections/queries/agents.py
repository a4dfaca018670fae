"""Agents: lists, one, and what they have been."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, Table, bindparam, func, or_, select
from sqlalchemy.engine import RowMapping

from projections.models import agents, status_history
from projections.queries.agents_labels import asked_of_labels, conditions, is_of_labels
from projections.queries.agents_text import (
    candidates,
    having,
    mentions,
    narrowing,
    sought,
)
from projections.queries.paging import Page, Pages, asked_for, narrowed, plain, selected, unindexed
from projections.queries.statement import Statement

BY_ID: Final = "agent_id"
BY_PERFORMANCE: Final = "performance"
BY_SECURITY: Final = "security"


_LEADING: Final = ("health_level", "status", "performance_level", "type")
_RANGE: Final = frozenset({"security_below", "security_from"})
_USUAL: Final = {"health_level": "healthy", "status": "active"}
"""What most agents of a fleet are."""


class AgentRow(msgspec.Struct, frozen=True):
    """An agent as it is now; times in seconds since the epoch, scores 0-100."""

    tenant_id: str
    agent_id: str
    type: str
    status: str
    status_since: float | None
    status_reason: str
    provisional: bool
    labels: dict[str, str]
    health_level: str
    health_score: float | None
    consecutive_failures: int
    health_since: float | None
    health_reasons: list[str]
    performance_level: str
    performance_score: float | None
    performance: dict[str, Any]
    security_score: float
    security_level: str
    security_issues: list[dict[str, Any]]
    metrics: dict[str, float]
    last_seen: float | None
    registered_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class Interval:
    """What an agent was, and from when to when; `valid_to` None means still.

    Parameters
    ----------
    aspect : str
        ``status`` or ``health``.
    value : str
        The status, or the level of health.
    score : float or None
        0-100, of health only.
    """

    aspect: str
    value: str
    score: float | None
    reason: str
    valid_from: float
    valid_to: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentQuery:
    """Which agents are asked for, and in what order; None leaves a property open.

    Parameters
    ----------
    status, type, health : str or None
        What an agent must be; `health` is a level.
    performance : str or None
        A level: excellent, good, fair, poor or critical.
    security_below : float or None
        Only agents with less than this security score.
    security_from : float or None
        Only agents with this security score, or more.
    labels : sequence of (str, str or None)
        Names with the values that they must have; None for any.
    capabilities, protocols : sequence of str
        All of what an agent must say that it can do, and speaks, by its labels.
    least_tasks : int or None
        How many tasks at once it must say that it does, at least.
    text : str or None
        Occurs in the id, the type or the labels, whatever its case.
    sort : str
        `BY_ID`, `BY_SECURITY`: least trusted first, or `BY_PERFORMANCE`: worst first, and only
        those that have a score.
    """

    status: str | None = None
    type: str | None = None
    health: str | None = None
    performance: str | None = None
    security_below: float | None = None
    security_from: float | None = None
    labels: Sequence[tuple[str, str | None]] = ()
    capabilities: Collection[str] = ()
    protocols: Collection[str] = ()
    least_tasks: int | None = None
    text: str | None = None
    sort: str = BY_ID

    @property
    def by_column(self) -> dict[str, Any]:
        """What is asked of single columns, by their names; a text is sought in several."""
        return asked_for(
            status=self.status,
            type=self.type,
            health_level=self.health,
            performance_level=self.performance,
            security_below=self.security_below,
            security_from=self.security_from,
        ) | asked_of_labels(
            self.labels, list(self.capabilities), list(self.protocols), self.least_tasks
        )


ALL_AGENTS: Final = AgentQuery()


def list_agents(
    connection: Connection,
    tenant: str,
    wanted: AgentQuery = ALL_AGENTS,
    *,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[AgentRow]:
    """Return one page of the agents that are `wanted`, as they are now."""
    asked = wanted.by_column
    values, dialect = asked | {"tenant": tenant}, connection.dialect.name
    leading = _leading(asked) if dialect == "sqlite" else ""
    searched, narrower = "", None
    if wanted.text:
        searched, narrower = dialect, narrowing(connection, wanted.text)
        values |= {"text": sought(searched, wanted.text)}
    if narrower is None and leading and wanted.sort != BY_ID:
        narrower = having(connection, tenant, leading, asked[leading])
    values["narrowing"], few = narrower, narrower is not None
    pages = _listed(dialect, tuple(asked), searched, wanted.sort, leading, few=few)
    return pages.page(connection, values, limit, cursor)


def get_agent(connection: Connection, tenant: str, agent_id: str) -> AgentRow | None:
    """Return one agent, or None where it is not registered."""
    return _ONE.first(connection, {"tenant": tenant, "agent": agent_id})


def agent_at(connection: Connection, tenant: str, agent_id: str, at: float) -> list[Interval]:
    """Return what an agent was at a past moment: its status and its health then."""
    history = status_history.c
    query = _history(tenant, agent_id).where(
        history.valid_from <= at, or_(history.valid_to.is_(None), history.valid_to > at)
    )
    return [_interval(row) for row in connection.execute(query).mappings()]


def agent_history(
    connection: Connection,
    tenant: str,
    agent_id: str,
    *,
    since: float = 0.0,
    limit: int = 500,
) -> list[Interval]:
    """Return an agent's intervals of status and health that reach past `since`, oldest first."""
    history = status_history.c
    query = (
        _history(tenant, agent_id)
        .where(or_(history.valid_to.is_(None), history.valid_to > since))
        .order_by(history.valid_from.desc(), history.event_id)
        .limit(limit)
    )
    return [_interval(row) for row in connection.execute(query).mappings()][::-1]


def count_agents(connection: Connection, tenant: str) -> dict[str, dict[str, int]]:
    """Return how many agents there are, by ``status``, ``health_level`` and ``type``."""
    columns = [agents.c[name] for name in ("type", "status", "health_level")]
    query = select(*columns, func.count()).where(agents.c.tenant_id == tenant).group_by(*columns)
    counts: dict[str, Counter[str]] = {column.name: Counter() for column in columns}
    for *values, number in connection.execute(query):
        for column, value in zip(columns, values, strict=True):
            counts[column.name][value] += number
    return {name: dict(found) for name, found in counts.items()}


_ALL = selected(agents, AgentRow)
_OWN = _ALL.where(agents.c.tenant_id == bindparam("tenant"))
_ONE = Statement(_OWN.where(agents.c.agent_id == bindparam("agent")), AgentRow)


@lru_cache
def _listed(
    dialect: str, given: tuple[str, ...], searched: str, sort: str, leading: str, *, few: bool
) -> Pages[AgentRow]:
    """Return the pages: `searched` for a text by which dialect, and if `few`, among candidates."""
    query = _ALL.where(*candidates(searched or "sqlite")) if few else _OWN
    if searched:
        query = query.where(mentions(searched))
    if leading:
        others = [name for name in given if name in _LEADING and name != leading]
        query = query.where(*(unindexed(agents.c[name]) == bindparam(name) for name in others))
        given = tuple(name for name in given if name not in others)
    return sorted_pages(of_asked(query, agents, given, dialect), agents, sort)


def _leading(asked: dict[str, Any]) -> str:
    """Return the condition that few agents meet, by whose index SQLite shall find them.

    It does not know how many have which value, and would take any of the indexes.
    """
    return next((n for n in _LEADING if n in asked and asked[n] != _USUAL.get(n)), "")


def of_asked(query: Select[Any], table: Table, given: tuple[str, ...], dialect: str) -> Select[Any]:
    """Return `query` of the agents that have what `given` names, now or as they were."""
    if "security_below" in given:
        query = query.where(table.c.security_score < bindparam("security_below"))
    if "security_from" in given:
        query = query.where(table.c.security_score >= bindparam("security_from"))
    query = query.where(*conditions(dialect, given))
    others = [name for name in given if not (name in _RANGE or is_of_labels(name))]
    return narrowed(query, table, others)


def sorted_pages(query: Select[Any], table: Table, sort: str) -> Pages[AgentRow]:
    """Return the pages of agents, now or as they were, in the order that `sort` names."""
    if sort == BY_PERFORMANCE:
        query = query.where(table.c.performance_score.is_not(None))
        return Pages(query, [table.c.performance_score, table.c.agent_id], AgentRow)
    if sort == BY_SECURITY:
        return Pages(query, [table.c.security_score, table.c.agent_id], AgentRow)
    return Pages(query, [table.c.agent_id], AgentRow)


def _history(tenant: str, agent_id: str) -> Any:
    names = ("aspect", "value", "score", "reason", "valid_from", "valid_to")
    return select(*(status_history.c[name] for name in names)).where(
        status_history.c.tenant_id == tenant, status_history.c.agent_id == agent_id
    )


def _interval(row: RowMapping) -> Interval:
    return Interval(**plain(row))
