"""The number of each agent among its tenant's: where its windows lie."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from sqlalchemy import Connection, func, select

from projections import store
from projections.models import agent_numbers
from projections.windows.columns import Ints
from projections.windows.sections import AGENTS

_LISTS: Final = 20_000
_MANY: Final = AGENTS // 2
"""So many agents that are new together begin a block of their own: they come together again."""


class Numbers:
    """Gives agents their numbers, in the order in which windows of them came.

    Surveillance names the same agents in each window, so the numbers of a whole list are
    remembered, by the list's digest: a number an agent would fill the memory of a large fleet.
    """

    def __init__(self) -> None:
        self._lists: dict[bytes, Ints] = {}
        self._next: dict[str, int] = {}

    def of(self, connection: Connection, tenant: str, agents: Sequence[str]) -> Ints:
        """Return the numbers of a tenant's agents; those that have none get one."""
        named = "\n".join((tenant, *agents))
        digest = hashlib.blake2b(named.encode(), digest_size=16).digest()
        found = self._lists.get(digest)
        if found is None:
            if len(self._lists) >= _LISTS:
                self._lists.clear()
            found = self._lists[digest] = self._asked(connection, tenant, agents)
        return found

    def rollback(self) -> None:
        """Forget what a transaction gave that was not committed."""
        self._lists.clear()
        self._next.clear()

    def _asked(self, connection: Connection, tenant: str, agents: Sequence[str]) -> Ints:
        keys = [(tenant, agent) for agent in agents]
        known = {
            agent: row["number"]
            for (_, agent), row in store.load(connection, agent_numbers, keys).items()
        }
        new = [agent for agent in dict.fromkeys(agents) if agent not in known]
        if new:
            first = self._first(connection, tenant, len(new))
            given = {agent: first + n for n, agent in enumerate(new)}
            self._next[tenant] = first + len(new)
            rows = [{"tenant_id": tenant, "agent_id": a, "number": n} for a, n in given.items()]
            store.append(connection, agent_numbers, rows)
            known |= given
        return np.array([known[agent] for agent in agents], np.int64)

    def _first(self, connection: Connection, tenant: str, wanted: int) -> int:
        if tenant not in self._next:
            c = agent_numbers.c
            newest = connection.scalar(select(func.max(c.number)).where(c.tenant_id == tenant))
            self._next[tenant] = 0 if newest is None else newest + 1
        first = self._next[tenant]
        return first if wanted < _MANY else -(-first // AGENTS) * AGENTS


def agents_of_block(connection: Connection, tenant: str, block: int) -> dict[int, str]:
    """Return the agents whose windows lie in a block, by their lanes."""
    c, first = agent_numbers.c, block * AGENTS
    mine = (c.tenant_id == tenant) & (c.number >= first) & (c.number < first + AGENTS)
    named = connection.execute(select(c.number - first, c.agent_id).where(mine))
    return {row[0]: row[1] for row in named}
