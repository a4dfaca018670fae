"""The document, made of the tables that the installation itself runs by.

Source: AsyncAPI Specification 3.0.0, and its Kafka bindings 0.5.0.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import msgspec

from api.asyncapi.operations import operations
from api.asyncapi.schemas import Schema, schema_of, schemas
from streams.contracts import topics
from streams.contracts.envelope import Event
from streams.contracts.events.action import Command
from streams.contracts.events.registry import EVENT_TYPES, EventType
from streams.contracts.telemetry import Heartbeat, Tick
from streams.contracts.topics import Kind, Topic
from streams.producers.policy import INBOXES

VERSION: Final = "1"
CLOUD_EVENT: Final = "application/cloudevents+json"
COMMAND: Final = "command"
_KEY: Final = {"type": "string", "description": "`tenant/agent`; a missing one is computed."}
_SIGNED: Final = {
    "type": "object",
    "required": ["hs-kind", "hs-mac"],
    "properties": {
        "hs-kind": {"type": "string", "enum": ["telemetry", "forward", "tick", "event"]},
        "hs-mac": {"type": "string", "description": "HMAC-SHA256 with the installation's secret."},
        "hs-origin": {"type": "string", "description": "Where a forwarded record came from."},
    },
}
_SNAPSHOT: Final = "A chunk of a step's state: a cache, private to the step."
_CHECKPOINT: Final = "A step's state of one day, private to the step."
_STATES: Final = (Kind.SNAPSHOTS, Kind.CHECKPOINTS)


@cache
def as_json() -> bytes:
    """Return the document as it is served: made once, the same bytes each time."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=2) + b"\n"


def document() -> dict[str, Any]:
    """Return the document."""
    known = schemas()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Homeostat",
            "version": VERSION,
            "description": "What is on the log. `telemetry` is the only topic that others write"
            " to; every other record is signed by the installation.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "log": {
                "host": "localhost:9092",
                "protocol": "kafka",
                "description": "The embedded broker, or the one that HOMEOSTAT_KAFKA names.",
            }
        },
        "channels": {topic.name: _channel(topic) for topic in topics.every_topic()},
        "operations": operations(),
        "components": {"schemas": known, "messages": _messages(known)},
    }


def carried_by(topic: Topic) -> list[str]:
    """Return the names of the messages that a topic carries.

    Inboxes get ticks, and each policy that is put in force, beside what is written to them.
    """
    if topic.kind in _STATES:
        return ["snapshot"]
    names = [kind.name for kind in EVENT_TYPES.values() if topic in kind.to]
    if topic in INBOXES:
        names += ["policy.changed", "tick"]
    if topic is topics.TELEMETRY:
        names.append("heartbeat")
    if topic is topics.COMMANDS:
        names.append(COMMAND)
    return names


def _channel(topic: Topic) -> dict[str, Any]:
    kafka: dict[str, Any] = {"topic": topic.name, "bindingVersion": "0.5.0"}
    if topic.single:
        kafka["partitions"] = 1
    settings = topic.config()
    kept: dict[str, Any] = {"cleanup.policy": [settings["cleanup.policy"]]}
    for name in ("retention.ms", "max.message.bytes", "delete.retention.ms"):
        if name in settings:
            kept[name] = int(settings[name])
    kafka["topicConfiguration"] = kept
    refs = {name: {"$ref": f"#/components/messages/{name}"} for name in carried_by(topic)}
    told = {
        Kind.INBOX: "Read by one step, in order.",
        Kind.FACTS: "The permanent record.",
        Kind.CHECKPOINTS: _CHECKPOINT,
    }
    return {
        "address": topic.name,
        "description": told.get(topic.kind, _SNAPSHOT),
        "messages": refs,
        "bindings": {"kafka": kafka},
    }


def _messages(known: dict[str, Schema]) -> dict[str, Any]:
    events = {kind.name: _event(kind, known) for kind in EVENT_TYPES.values()}
    command = _message("A command to executors; its type is the action's name.", CLOUD_EVENT)
    named = {"type": "string", "pattern": r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$"}
    command["payload"] = _envelope(named, None, Command)
    beat = _message("A heartbeat: plain JSON that anybody may write.", "application/json")
    beat["payload"] = schema_of(Heartbeat)
    least = {"agent_id": "web-1", "metrics": {"cpu_usage": 41.5, "error_rate": 0.01}}
    beat["examples"] = [{"name": "least", "payload": least}]
    del beat["headers"]
    tick = _message("A moment, into every partition.", "application/json")
    tick["payload"] = schema_of(Tick)
    snapshot = _message(_SNAPSHOT, "application/octet-stream")
    return events | {COMMAND: command, "heartbeat": beat, "tick": tick, "snapshot": snapshot}


def _event(kind: EventType, known: dict[str, Schema]) -> dict[str, Any]:
    summary, _, _ = known[kind.data.__name__]["description"].partition("\n")
    message = _message(summary or kind.name, CLOUD_EVENT)
    message["payload"] = _envelope({"const": kind.name}, kind.dataschema, kind.data)
    return message


def _message(summary: str, content_type: str) -> dict[str, Any]:
    return {
        "contentType": content_type,
        "summary": summary,
        "headers": _SIGNED,
        "bindings": {"kafka": {"key": _KEY, "bindingVersion": "0.5.0"}},
    }


def _envelope(
    type_: dict[str, Any], dataschema: str | None, data: type[msgspec.Struct]
) -> dict[str, Any]:
    fields: dict[str, Any] = {"type": type_, "data": schema_of(data)}
    if dataschema is not None:
        fields["dataschema"] = {"const": dataschema}
    return {"allOf": [schema_of(Event), {"type": "object", "properties": fields}]}
