"""Operations on many agents: whom they would touch, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from projections.models import agents, events, status_history
from projections.queries.agents import AgentQuery, list_agents
from projections.queries.paging import unindexed


class Outcome(NamedTuple):
    """What became of an operation at one agent."""

    agent_id: str
    state: str
    detail: str


class Asked(NamedTuple):
    """An operation as it was asked for, at a moment in seconds since the epoch."""

    data: dict[str, Any]
    at: float


def statuses_of(connection: Connection, tenant: str, ids: Sequence[str]) -> dict[str, str]:
    """Return the statuses of those of the agents `ids` that are known."""
    c = agents.c
    query = select(c.agent_id, c.status).where(c.tenant_id == tenant, c.agent_id.in_(ids))
    return {row.agent_id: row.status for row in connection.execute(query)}


def statuses_where(
    connection: Connection, tenant: str, wanted: AgentQuery, most: int
) -> dict[str, str] | None:
    """Return the statuses of the agents that are `wanted`; None where more than `most` are."""
    page = list_agents(connection, tenant, wanted, limit=most)
    if page.next_cursor is not None:
        return None
    return {row.agent_id: row.status for row in page.items}


def outcomes_of(
    connection: Connection,
    tenant: str,
    operation_id: str,
    ids: Sequence[str],
    status: str | None,
    reason: str,
) -> list[Outcome]:
    """Return what became of an operation at each of the agents `ids`.

    Parameters
    ----------
    status, reason : str or None, str
        What an agent is, and why, where it was done.
    """
    refused = _refused(connection, tenant, operation_id)
    done = set() if status is None else _done(connection, tenant, ids, status, reason)
    return [
        Outcome(agent, "refused", refused[agent])
        if agent in refused
        else Outcome(agent, "done" if agent in done else "asked", "")
        for agent in ids
    ]


def find_operation(connection: Connection, tenant: str, operation_id: str) -> Asked | None:
    """Return what was asked for and when, or None where there is no such operation."""
    e = events.c
    query = select(e.data, e.time).where(
        e.id == operation_id, e.tenant_id == tenant, e.type == "fleet.operation_requested"
    )
    row = connection.execute(query).first()
    return None if row is None else Asked(row.data, row.time)


def _refused(connection: Connection, tenant: str, operation_id: str) -> dict[str, str]:
    e = events.c
    query = select(e.subject, e.data).where(
        e.correlation_id == operation_id,
        unindexed(e.tenant_id) == tenant,
        unindexed(e.type) == "agent.transition_refused",
    )
    return {
        subject.partition("/")[2]: f"{data['reason']}: it is {data['status']}"
        for subject, data in connection.execute(query)
    }


def _done(
    connection: Connection, tenant: str, ids: Sequence[str], status: str, reason: str
) -> set[str]:
    h = status_history.c
    query = select(h.agent_id).where(
        h.tenant_id == tenant,
        h.agent_id.in_(ids),
        h.aspect == "status",
        h.value == status,
        h.reason == reason,
    )
    return set(connection.execute(query).scalars())
