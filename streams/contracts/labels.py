"""The labels of an agent that automation reads: host, group, depends_on, managed."""

from __future__ import annotations

from collections.abc import Mapping


def dependencies(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return the ids of the agents that the label ``depends_on`` names.

    Examples
    --------
    >>> dependencies({"depends_on": "db, cache"})
    ('db', 'cache')
    """
    named = (name.strip() for name in labels.get("depends_on", "").split(","))
    return tuple(name for name in named if name)


def host_of(key: str, agent_type: str, labels: Mapping[str, str]) -> str:
    """Return on which host an agent lives: a host on itself; empty where nothing says so.

    Examples
    --------
    >>> host_of("default/web-1", "service", {"host": "alpha"})
    'alpha'
    >>> host_of("default/alpha", "host", {})
    'alpha'
    """
    return key.partition("/")[2] if agent_type == "host" else labels.get("host", "")
