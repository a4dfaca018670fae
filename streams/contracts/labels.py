"""The labels of an agent that have a meaning, such as host, depends_on and capabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CAPABILITIES: Final = "capabilities"
"""What an agent can do: words with commas between them, such as ``ocr, translation``."""
PROTOCOLS: Final = "protocols"
"""What it speaks, such as ``http,grpc``."""
MAX_TASKS: Final = "max_concurrent_tasks"
"""How many tasks it does at once: a whole number."""


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
