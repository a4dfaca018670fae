"""Rows as they were at a past moment: a query over intervals of validity.

An agent's metrics are the last values of the newest windows that had closed by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, select

from projections.models import action_history, actions, agent_history, finding_history
from projections.queries.actions import ALL_ACTIONS, ActionQuery, ActionRow, asked_states, in_states
from projections.queries.agents import ALL_AGENTS, AgentQuery, AgentRow, of_asked, sorted_pages
from projections.queries.agents_text import mentions, sought
from projections.queries.as_of_metrics import Measured, latest_windows
from projections.queries.findings import ALL_FINDINGS, FindingQuery, FindingRow, finding_of
from projections.queries.paging import (
    CursorError,
    Page,
    Pages,
    decode_cursor,
    encode_cursor,
    filled,
    narrowed,
    selected,
    unindexed,
)
from projections.queries.statement import Statement

R = TypeVar("R")
_UNMEASURED: Final = Measured()


def list_agents_as_of(
    connection: Connection,
    tenant: str,
    at: float,
    wanted: AgentQuery = ALL_AGENTS,
    *,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[AgentRow]:
    """Return the agents that were known at `at`, as they were; see `list_agents`."""
    asked = wanted.by_column
    values, searched = asked | {"tenant": tenant, "at": at}, ""
    if wanted.text:
        searched = connection.dialect.name
        values["text"] = sought(searched, wanted.text)
    pages = _agents(connection.dialect.name, tuple(asked), wanted.sort, searched)
    found = _page(connection, pages, values, limit, cursor)
    return Page(_measured(connection, tenant, found.items, at), found.next_cursor)


def get_agent_as_of(
    connection: Connection, tenant: str, agent_id: str, at: float
) -> AgentRow | None:
    """Return one agent as it was at `at`, or None where it was not registered yet."""
    values = {"tenant": tenant, "at": at, "agent_id": agent_id}
    row = _agent().first(connection, values)
    return None if row is None else _measured(connection, tenant, [row], at)[0]


def agents_as_of() -> Select[Any]:
    """Return a query of the agents that `tenant` had at `at` (parameters), in their history."""
    return _as_of(agent_history, AgentRow)


def list_findings_as_of(
    connection: Connection,
    tenant: str,
    at: float,
    wanted: FindingQuery = ALL_FINDINGS,
    *,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[FindingRow]:
    """Return the findings that were raised by `at`, as they were; see `list_findings`."""
    asked = wanted.by_column
    pages = _findings(tuple(asked), wanted.state, wanted.whether)
    return _page(connection, pages, asked | {"tenant": tenant, "at": at}, limit, cursor)


def get_finding_as_of(
    connection: Connection, tenant: str, finding_id: str, at: float
) -> FindingRow | None:
    """Return one finding as it was at `at`, or None where it was not raised yet."""
    query = _as_of(finding_history, FindingRow).where(finding_history.c.finding_id == finding_id)
    row = connection.execute(query, {"tenant": tenant, "at": at}).one_or_none()
    return None if row is None else finding_of(*row)


def list_actions_as_of(
    connection: Connection,
    tenant: str,
    at: float,
    wanted: ActionQuery = ALL_ACTIONS,
    *,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[ActionRow]:
    """Return the actions that were known at `at`, as far as they had come; see `list_actions`."""
    asked = wanted.by_column
    values = asked | {"tenant": tenant, "at": at} | asked_states(wanted.states)
    return _page(connection, _actions(tuple(asked), len(wanted.states)), values, limit, cursor)


def get_action_as_of(
    connection: Connection, tenant: str, action_id: str, at: float
) -> ActionRow | None:
    """Return one action as far as it had come at `at`, or None where it was not known yet."""
    query = _as_of(action_history, ActionRow).where(action_history.c.action_id == action_id)
    row = connection.execute(query, {"tenant": tenant, "at": at}).one_or_none()
    return None if row is None else ActionRow(*row)


def _as_of(
    history: Table, row: type[msgspec.Struct], of_tenant: ColumnElement[str] | None = None
) -> Select[Any]:
    """Return a query of what `tenant` had at `at`: parameters, as the statement is made once."""
    h = history.c
    at: Any = bindparam("at")
    owner = h.tenant_id if of_tenant is None else of_tenant
    query = selected(history, row).where(owner == bindparam("tenant"))
    return query.where(h.valid_from <= at, h.valid_to > at)


@lru_cache
def _agent() -> Statement[AgentRow]:
    return Statement(narrowed(agents_as_of(), agent_history, ["agent_id"]), AgentRow)


@lru_cache
def _agents(dialect: str, given: tuple[str, ...], sort: str, searched: str) -> Pages[AgentRow]:
    query = of_asked(agents_as_of(), agent_history, given, dialect)
    if searched:
        query = query.where(mentions(searched, agent_history))
    return sorted_pages(query, agent_history, sort)


@lru_cache
def _findings(
    given: tuple[str, ...], state: str | None, whether: tuple[tuple[str, bool], ...]
) -> Pages[FindingRow]:
    h = finding_history.c
    query = narrowed(_as_of(finding_history, FindingRow), finding_history, given)
    query = filled(query.where(_begun(h.raised_at)), finding_history, whether)
    if state is not None:
        query = query.where(h.ended_at.is_(None) if state == "open" else h.ended_at.is_not(None))
    return Pages(query, [h.raised_at, h.finding_id], finding_of, descending=True)


@lru_cache
def _actions(given: tuple[str, ...], states: int) -> Pages[ActionRow]:
    h = action_history.c
    of_tenant = unindexed(h.tenant_id) if "finding_id" in given else h.tenant_id
    query = narrowed(_as_of(action_history, ActionRow, of_tenant), action_history, given)
    query = in_states(query.where(_begun(h.created_at)), action_history, states)
    if "finding_id" in given:  # an action is of one finding for good
        c = actions.c
        of_it = select(c.action_id).where(
            unindexed(c.tenant_id) == bindparam("tenant"), c.finding_id == bindparam("finding_id")
        )
        query = query.where(h.action_id.in_(of_it))
    return Pages(query, [h.created_at, h.action_id], ActionRow, descending=True)


def _begun(at: ColumnElement[float]) -> ColumnElement[bool]:
    """Return a condition that holds of all that was valid: it lets what came later be left out."""
    return at <= bindparam("at")


def _page(
    connection: Connection,
    pages: Pages[R],
    values: Mapping[str, Any],
    limit: int,
    cursor: str | None,
) -> Page[R]:
    """Return a page whose cursor belongs to its moment, so that a list is of one moment."""
    at, inner = values["at"], None
    if cursor is not None:
        _, moment, inner = decode_cursor(cursor, 3)
        if moment != at or not isinstance(inner, str):
            raise CursorError(f"cursor is {cursor[:40]!r}; it belongs to another as_of")
    found = pages.page(connection, values, limit, inner)
    following = found.next_cursor and encode_cursor(["as_of", at, found.next_cursor])
    return Page(found.items, following)


def _measured(
    connection: Connection, tenant: str, rows: list[AgentRow], at: float
) -> list[AgentRow]:
    found = latest_windows(connection, tenant, [row.agent_id for row in rows], at)
    measured = [found.get(row.agent_id, _UNMEASURED) for row in rows]
    return [
        msgspec.structs.replace(row, metrics=dict(m.metrics), last_seen=m.closed_at)
        for row, m in zip(rows, measured, strict=True)
    ]
