"""The installation's own workers: what they say of themselves, as agents like any other."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from projections.models import agents
from streams.contracts.telemetry import DEFAULT_TENANT

_OURS: Final = re.compile(r"worker-(0|[1-9]\d{0,9})")
_FIRST: Final = "worker-0"
_LAST: Final = "worker-9999999999"
_SAID: Final = "snapshot_age_s"
"""Every worker of ours tells it, and hardly one of somebody else's queue that has such a name."""


class WorkerSeen(NamedTuple):
    """A worker, when it was heard of last (seconds since the epoch), and what it said then."""

    agent_id: str
    last_seen: float
    metrics: dict[str, float]


def seen_workers(connection: Connection) -> list[WorkerSeen]:
    """Return every worker that was ever heard of, by its id.

    A fleet may have agents of the type ``worker`` as well: those are looked after like any other
    agent, and say nothing of how the installation is.
    """
    c = agents.c
    # Between two ids, and not by a pattern: only that is a range of an index in every database.
    ours = select(c.agent_id, c.last_seen, c.metrics).where(
        c.tenant_id == DEFAULT_TENANT,
        c.type == "worker",
        c.agent_id.between(_FIRST, _LAST),
        c.last_seen.is_not(None),
    )
    found = (WorkerSeen(*row) for row in connection.execute(ours.order_by(c.agent_id)))
    return [one for one in found if _OURS.fullmatch(one.agent_id) and _SAID in one.metrics]
