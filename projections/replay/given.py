"""What a rebuild cannot know any more, because the telemetry that said it has expired."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from projections.models import agents

_KEY = (agents.c.tenant_id, agents.c.agent_id)


def keep_latest(live: Connection, built: Connection) -> int:
    """Keep the latest metrics of agents that were last seen before the telemetry begins.

    Both are folds up to the same positions, so an agent that the new rows saw earlier than the
    live ones has sent nothing that is still kept. Returns how many agents that concerns.
    """
    seen = {
        (row.tenant_id, row.agent_id): row.last_seen
        for row in built.execute(select(*_KEY, agents.c.last_seen))
    }
    query = select(*_KEY, agents.c.last_seen, agents.c.metrics)
    kept = [
        {"tenant": row.tenant_id, "agent": row.agent_id, "at": row.last_seen, "is": row.metrics}
        for row in live.execute(query)
        if (row.last_seen or 0.0) > (seen.get((row.tenant_id, row.agent_id)) or 0.0)
        and (row.tenant_id, row.agent_id) in seen
    ]
    if kept:
        statement = agents.update().where(
            agents.c.tenant_id == bindparam("tenant"), agents.c.agent_id == bindparam("agent")
        )
        values = {
            "last_seen": bindparam("at", type_=agents.c.last_seen.type),
            "metrics": bindparam("is", type_=agents.c.metrics.type),
        }
        built.execute(statement.values(**values), kept)
    return len(kept)
