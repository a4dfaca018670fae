"""The fleet in groups: by what agents are, how they do, or what their labels say."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, func, select

from projections.models import agents
from streams.contracts.labels import CAPABILITIES, PROTOCOLS

_COLUMNS: Final = {
    "type": "type",
    "status": "status",
    "health": "health_level",
    "performance": "performance_level",
    "security": "security_level",
}
_LISTS: Final = {"capability": CAPABILITIES, "protocol": PROTOCOLS}
"""What is said by labels of several words: an agent is in the group of each."""


class Group(NamedTuple):
    """Agents that have something in common; `value` is empty for those that do not say."""

    value: str
    agents: int
    health: dict[str, int]
    performance: dict[str, int]


def fleet_groups(connection: Connection, tenant: str, by: str, label: str = "") -> list[Group]:
    """Return the groups of a tenant's agents, the largest first.

    Parameters
    ----------
    by : str
        type, status, health, performance, security, capability, protocol; or ``label``.
    label : str
        The label's name, where they are grouped by one.
    """
    c = agents.c
    said = _COLUMNS.get(by)
    kind: Any = c[said] if said else c.labels[_LISTS.get(by, label)].as_string()
    grouped = (c.health_level, c.performance_level)
    query = select(kind.label("kind"), *grouped, func.count()).where(c.tenant_id == tenant)
    health: dict[str, Counter[str]] = {}
    performance: dict[str, Counter[str]] = {}
    for value, level, work, number in connection.execute(query.group_by("kind", *grouped)):
        for each in _values(value or "", several=by in _LISTS):
            health.setdefault(each, Counter())[level] += number
            performance.setdefault(each, Counter())[work or "unknown"] += number
    made = [Group(v, n.total(), dict(n), dict(performance[v])) for v, n in health.items()]
    return sorted(made, key=lambda group: (-group.agents, group.value))


def _values(value: str, *, several: bool) -> set[str]:
    """Return the groups that a value stands for.

    Examples
    --------
    >>> sorted(_values("OCR, translation", several=True)), _values("a, b", several=False)
    (['ocr', 'translation'], {'a, b'})
    """
    if not several:
        return {value}
    words = {word.strip().lower() for word in value.split(",")} - {""}
    return words or {""}
