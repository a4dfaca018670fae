"""Every topic, and every type of event on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from api.guide.reference.docstrings import about, constants
from api.guide.reference.tables import code, table
from streams.contracts import topics
from streams.contracts.events.action import Command
from streams.contracts.events.registry import EVENT_TYPES
from streams.contracts.topics import Kind, Topic, every_topic

_CACHE: Final = "A cache of a step's state, from which a worker resumes."


def log_part() -> Iterator[str]:
    """Give the lines about topics and events."""
    yield from ("## Topics", "", "As `up` and `homeostat role prepare` make them.", "")
    told = dict(_told())
    rows = [
        (code(t.name), t.kind.value, _parts(t), _kept(t), told.get(t.name, _CACHE))
        for t in every_topic()
    ]
    yield from table(("topic", "kind", "partitions", "kept", "meaning"), rows)
    fields = "CloudEvents in JSON; `/asyncapi.json` has every field of each with its meaning."
    yield from ("## Events", "", fields, "")
    yield from table(("type", "version", "topics", "meaning"), _events())


def _told() -> Iterator[tuple[str, str]]:
    for name, text in constants(topics).items():
        if isinstance(topic := getattr(topics, name), Topic):
            yield topic.name, text


def _parts(topic: Topic) -> str:
    return "1" if topic.single else code("HOMEOSTAT_PARTITIONS")


def _kept(topic: Topic) -> str:
    if topic.kind is Kind.SNAPSHOTS:
        return "the newest of each"
    days = topic.retention_days
    return "for ever" if days is None else "1 day" if days == 1 else f"{days:g} days"


def _events() -> Iterator[tuple[str, str, str, str]]:
    for kind in EVENT_TYPES.values():
        to = ", ".join(code(topic.name) for topic in kind.to)
        yield code(kind.name), str(kind.version), to, about(kind.data)
    yield "an action's own name", "1", code(topics.COMMANDS.name), about(Command)
