"""Rows as they were at a past moment: a query over intervals of validity.

An agent's metrics are the last values of the newest windows that had closed by then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, select
from sqlalchemy.engine import RowMapping

from projections.models import action_history, agent_history, finding_history
from projections.queries.actions import ActionRow
from projections.queries.agents import AgentRow, mentions
from projections.queries.as_of_metrics import latest_windows
from projections.queries.findings import FindingRow
from projections.queries.paging import (
    CursorError,
    Page,
    columns_of,
    decode_cursor,
    encode_cursor,
    page,
    plain,
)

R = TypeVar("R")


def list_agents_as_of(
    connection: Connection,
    tenant: str,
    at: float,
    *,
    status: str | None = None,
    type: str | None = None,  # noqa: A002 - the column's name, and the API's
    health: str | None = None,
    text: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[AgentRow]:
    """Return the agents that were known at `at`, as they were; see `list_agents`."""
    h = agent_history.c
    query = agents_as_of(tenant, at)
    query = _matching(query, agent_history, status=status, type=type, health_level=health)
    if text:
        query = query.where(mentions(text, agent_history))
    found = _page(connection, query, [h.agent_id], _agent, at, limit, cursor)
    return Page(_measured(connection, tenant, found.items, at), found.next_cursor)


def get_agent_as_of(
    connection: Connection, tenant: str, agent_id: str, at: float
) -> AgentRow | None:
    """Return one agent as it was at `at`, or None where it was not registered yet."""
    query = agents_as_of(tenant, at).where(agent_history.c.agent_id == agent_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _measured(connection, tenant, [_agent(row)], at)[0]


def agents_as_of(tenant: str, at: float) -> Select[Any]:
    """Return a query of the agents that were registered at `at`, in columns of their history."""
    return _as_of(agent_history, tenant, at)


def list_findings_as_of(
    connection: Connection,
    tenant: str,
    at: float,
    *,
    state: str | None = None,
    kind: str | None = None,
    severity: str | None = None,
    agent_id: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[FindingRow]:
    """Return the findings that were raised by `at`, as they were; see `list_findings`.

    Raises
    ------
    ValueError
        For another state than ``open`` and ``ended``.
    """
    if state not in (None, "open", "ended"):
        raise ValueError(f"state is {state!r}; use open or ended")
    h = finding_history.c
    query = _as_of(finding_history, tenant, at)
    query = _matching(query, finding_history, kind=kind, severity=severity, agent_id=agent_id)
    if state is not None:
        query = query.where(h.ended_at.is_(None) if state == "open" else h.ended_at.is_not(None))
    order = [h.raised_at, h.finding_id]
    return _page(connection, query, order, _finding, at, limit, cursor, descending=True)


def get_finding_as_of(
    connection: Connection, tenant: str, finding_id: str, at: float
) -> FindingRow | None:
    """Return one finding as it was at `at`, or None where it was not raised yet."""
    query = _as_of(finding_history, tenant, at).where(finding_history.c.finding_id == finding_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _finding(row)


def list_actions_as_of(
    connection: Connection,
    tenant: str,
    at: float,
    *,
    states: Collection[str] = (),
    agent_id: str | None = None,
    finding_id: str | None = None,
    action: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[ActionRow]:
    """Return the actions that were known at `at`, as far as they had come; see `list_actions`."""
    h = action_history.c
    query = _as_of(action_history, tenant, at)
    query = _matching(
        query, action_history, agent_id=agent_id, finding_id=finding_id, action=action
    )
    if states:
        query = query.where(h.state.in_(sorted(states)))
    order = [h.created_at, h.action_id]
    return _page(connection, query, order, _action, at, limit, cursor, descending=True)


def get_action_as_of(
    connection: Connection, tenant: str, action_id: str, at: float
) -> ActionRow | None:
    """Return one action as far as it had come at `at`, or None where it was not known yet."""
    query = _as_of(action_history, tenant, at).where(action_history.c.action_id == action_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _action(row)


def _as_of(history: Table, tenant: str, at: float) -> Select[Any]:
    h = history.c
    query = select(*columns_of(history, "valid_from", "valid_to"))
    return query.where(h.tenant_id == tenant, h.valid_from <= at, h.valid_to > at)


def _matching(query: Select[Any], history: Table, **wanted: str | None) -> Select[Any]:
    for name, value in wanted.items():
        if value is not None:
            query = query.where(history.c[name] == value)
    return query


def _page(
    connection: Connection,
    query: Select[Any],
    order: Sequence[ColumnElement[Any] | Column[Any]],
    make: Callable[[RowMapping], R],
    at: float,
    limit: int,
    cursor: str | None,
    *,
    descending: bool = False,
) -> Page[R]:
    """Return a page whose cursor belongs to its moment, so that a list is of one moment."""
    inner = None
    if cursor is not None:
        _, moment, inner = decode_cursor(cursor, 3)
        if moment != at or not isinstance(inner, str):
            raise CursorError(f"cursor is {cursor[:40]!r}; it belongs to another as_of")
    found = page(connection, query, order, make, limit, inner, descending=descending)
    following = found.next_cursor and encode_cursor(["as_of", at, found.next_cursor])
    return Page(found.items, following)


def _measured(
    connection: Connection, tenant: str, rows: list[AgentRow], at: float
) -> list[AgentRow]:
    found = latest_windows(connection, tenant, [row.agent_id for row in rows], at)
    return [
        replace(row, metrics=found[row.agent_id].metrics, last_seen=found[row.agent_id].closed_at)
        if row.agent_id in found
        else row
        for row in rows
    ]


def _agent(row: RowMapping) -> AgentRow:
    return AgentRow(**plain(row), metrics={}, last_seen=None)


def _finding(row: RowMapping) -> FindingRow:
    values = plain(row)
    values["severities"] = [(when, severity) for when, severity in values["severities"]]
    return FindingRow(**values)


def _action(row: RowMapping) -> ActionRow:
    return ActionRow(**plain(row))
