"""Who receives what and who sends what: the topology, as operations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal

from streams.contracts.topics import Topic


def operations() -> dict[str, Any]:
    """Return one operation for each part of the installation, topic and direction."""
    # The steps bring NumPy with them, which the server need not carry before it is asked.
    from processors.topology import OUTSIDE, steps, written_to

    made: dict[str, Any] = {}
    for step in steps():
        _add(made, step.name, "receive", (step.inbox,))
        for topic in written_to(step):
            names = [kind.name for kind in step.writes if topic in kind.to]
            _add(made, step.name, "send", (topic,), names)
    for outside in OUTSIDE:
        _add(made, outside.name, "receive", outside.reads)
        _add(made, outside.name, "send", outside.writes)
    return made


def _add(
    made: dict[str, Any],
    part: str,
    action: Literal["send", "receive"],
    topics: Iterable[Topic],
    names: Iterable[str] = (),
) -> None:
    who = re.sub(r"\W+", "-", part)
    for topic in topics:
        channel = f"#/channels/{topic.name}"
        operation: dict[str, Any] = {
            "action": action,
            "channel": {"$ref": channel},
            "summary": f"{part} {action}s on {topic.name}",
        }
        if messages := [
            {"$ref": f"{channel}/messages/{_carried(n)}"} for n in dict.fromkeys(names)
        ]:
            operation["messages"] = messages
        made[f"{who}.{action}.{topic.name}"] = operation


def _carried(name: str) -> str:
    from streams.contracts.events.registry import EVENT_TYPES

    return name if name in EVENT_TYPES else "command"
