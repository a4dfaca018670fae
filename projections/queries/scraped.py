"""Single agents and ended actions, for monitoring systems; see `totals` for the rest."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, case, func, select

from projections.models import actions, agents
from projections.queries.paging import unindexed
from projections.queries.totals import Counted

_WELL: Final = 100.0
"""The best score."""


def agent_statuses(connection: Connection, tenant: str | None, most: int) -> Counted:
    """Return 1 for each of up to `most` agents, the least well first, by tenant, agent, status.

    What was not judged yet is not known to be ill.
    """
    c = agents.c
    ill = select(c.tenant_id, c.agent_id, c.status).where(c.health_score < _WELL)
    if tenant is not None:
        ill = ill.where(unindexed(c.tenant_id) == tenant)
    worst = ill.order_by(c.health_score, c.tenant_id, c.agent_id).limit(most)
    rows = connection.execute(worst).all()
    if len(rows) < most:  # asked for by itself, as each is in the order of an index
        well = select(c.tenant_id, c.agent_id, c.status)
        well = well.where(func.coalesce(c.health_score, _WELL) >= _WELL)
        if tenant is not None:
            well = well.where(c.tenant_id == tenant)
        ordered = well.order_by(c.tenant_id, c.agent_id).limit(most - len(rows))
        rows = [*rows, *connection.execute(ordered)]
    return [(tuple(row), 1.0) for row in rows]


def count_agents(connection: Connection, tenant: str | None) -> int:
    """Return how many agents are known."""
    query = select(func.count()).select_from(agents)
    if tenant is not None:
        query = query.where(agents.c.tenant_id == tenant)
    return connection.execute(query).scalar_one()


def ended_action_counts(connection: Connection, tenant: str | None) -> Counted:
    """Return how many actions came to an end, by tenant, action and outcome.

    An action that was refused or withheld has that for its outcome.
    """
    c = actions.c
    outcome = case((c.outcome != "", c.outcome), else_=c.state).label("came_to")
    ended = (c.outcome != "") | c.state.in_(("refused", "withheld"))
    named = (c.tenant_id, c.action, outcome)
    query = select(*named, func.count()).where(ended).group_by(*named).order_by(*named)
    if tenant is not None:
        query = query.where(c.tenant_id == tenant)
    return [(tuple(row[:-1]), float(row[-1])) for row in connection.execute(query)]
