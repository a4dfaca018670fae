"""The number of each agent among its tenant's: where its windows lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from sqlalchemy import Connection, select

from projections import store
from projections.models import agent_numbers
from projections.windows.columns import Ints
from projections.windows.sections import AGENTS

_MANY: Final = AGENTS // 2
"""So many agents that are new together begin a block of their own: they come together again."""


class Numbers:
    """Gives agents their numbers, in the order in which windows of them came.

    All are held, by ``tenant/agent``, in some 0.15 kB an agent: each is asked for once a metric and
    minute, and who else is named beside it is never the same for long.
    """

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._next: dict[str, int] = {}
        self._loaded = False

    def of(self, connection: Connection, tenant: str, keys: Sequence[str]) -> Ints:
        """Return the numbers of a tenant's agents; those that have none get one."""
        if not self._loaded:
            self._load(connection)
        try:
            return self._of(keys)
        except KeyError:
            self._give(connection, tenant, keys)
            return self._of(keys)

    def rollback(self) -> None:
        """Forget what a transaction gave that was not committed."""
        self._known, self._next, self._loaded = {}, {}, False

    def _of(self, keys: Sequence[str]) -> Ints:
        return np.fromiter(map(self._known.__getitem__, keys), np.int64, len(keys))

    def _load(self, connection: Connection) -> None:
        c = agent_numbers.c
        for tenant, agent, number in connection.execute(select(c.tenant_id, c.agent_id, c.number)):
            self._known[f"{tenant}/{agent}"] = number
            self._next[tenant] = max(self._next.get(tenant, 0), number + 1)
        self._loaded = True

    def _give(self, connection: Connection, tenant: str, keys: Sequence[str]) -> None:
        new = [key for key in dict.fromkeys(keys) if key not in self._known]
        first = self._next.get(tenant, 0)
        if len(new) >= _MANY:
            first = -(-first // AGENTS) * AGENTS
        self._next[tenant] = first + len(new)
        given = {key: first + n for n, key in enumerate(new)}
        self._known |= given
        prefix = f"{tenant}/"
        rows = [
            {"tenant_id": tenant, "agent_id": key.removeprefix(prefix), "number": number}
            for key, number in given.items()
        ]
        store.append(connection, agent_numbers, rows)


def agents_of_block(connection: Connection, tenant: str, block: int) -> dict[int, str]:
    """Return the agents whose windows lie in a block, by their lanes."""
    c, first = agent_numbers.c, block * AGENTS
    mine = (c.tenant_id == tenant) & (c.number >= first) & (c.number < first + AGENTS)
    named = connection.execute(select(c.number - first, c.agent_id).where(mine))
    return {row[0]: row[1] for row in named}
