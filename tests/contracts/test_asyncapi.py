"""The AsyncAPI document: its structure, that nothing is missing, and that the log keeps to it."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from api.asyncapi.document import as_json, carried_by, document
from processors.topology import OUTSIDE, steps, written_to
from streams.contracts import telemetry
from streams.contracts.events.registry import EVENT_TYPES
from streams.contracts.topics import COMMANDS, every_topic
from tests.contracts.goldens import EventType, golden, kinds
from tests.contracts.json_schema import faults, resolved

DOCUMENT: dict[str, Any] = msgspec.json.decode(as_json())
MESSAGES = DOCUMENT["components"]["messages"]
KINDS = list(kinds())
# The objects of the AsyncAPI Specification 3.0.0 that are used here: what they must have, may have.
OBJECTS: dict[str, tuple[set[str], set[str]]] = {
    "document": (
        {"asyncapi", "info"},
        {"defaultContentType", "servers", "channels", "operations", "components", "id"},
    ),
    "info": ({"title", "version"}, {"description", "license", "contact", "tags", "externalDocs"}),
    "server": ({"host", "protocol"}, {"description", "protocolVersion", "pathname", "security"}),
    "channel": (set(), {"address", "messages", "title", "summary", "description", "bindings"}),
    "operation": (
        {"action", "channel"},
        {"title", "summary", "description", "messages", "bindings", "security"},
    ),
    "message": (
        set(),
        {"headers", "payload", "contentType", "name", "title", "summary", "description",
         "bindings", "examples", "correlationId"},
    ),
}  # fmt: skip
KEY = re.compile(r"[a-zA-Z0-9.\-_]+")


def shaped(kind: str, given: dict[str, Any]) -> None:
    needed, allowed = OBJECTS[kind]
    assert needed <= given.keys(), (kind, needed - given.keys())
    assert given.keys() <= needed | allowed, (kind, given.keys() - needed - allowed)


def references(there: Any) -> list[str]:
    if isinstance(there, dict):
        own = [there["$ref"]] if isinstance(there.get("$ref"), str) else []
        return own + [r for value in there.values() for r in references(value)]
    return [r for value in there for r in references(value)] if isinstance(there, list) else []


def test_every_object_has_what_the_specification_wants() -> None:
    shaped("document", DOCUMENT)
    assert DOCUMENT["asyncapi"] == "3.0.0"
    shaped("info", DOCUMENT["info"])
    for kind in ("server", "channel", "operation"):
        for key, each in DOCUMENT[f"{kind}s"].items():
            assert KEY.fullmatch(key), key
            shaped(kind, each)
    for key, message in MESSAGES.items():
        assert KEY.fullmatch(key), key
        shaped("message", message)
    assert all(KEY.fullmatch(name) for name in DOCUMENT["components"]["schemas"])


def test_every_reference_leads_somewhere() -> None:
    found = references(DOCUMENT)
    assert len(found) > 100
    assert all(resolved(DOCUMENT, reference) for reference in found)


def test_operations_refer_to_messages_of_their_own_channel() -> None:
    for name, operation in DOCUMENT["operations"].items():
        assert operation["action"] in ("send", "receive"), name
        channel = operation["channel"]["$ref"]
        assert re.fullmatch(r"#/channels/[^/]+", channel)
        for message in operation.get("messages", []):
            assert message["$ref"].startswith(f"{channel}/messages/"), name


def test_every_topic_is_a_channel_with_its_settings() -> None:
    assert DOCUMENT["channels"].keys() == {topic.name for topic in every_topic()}
    for topic in every_topic():
        channel = DOCUMENT["channels"][topic.name]
        assert channel["address"] == topic.name
        assert channel["messages"], topic.name
        kafka = channel["bindings"]["kafka"]
        assert kafka.get("partitions") == (1 if topic.single else None)
        for name, value in kafka["topicConfiguration"].items():
            shown = value[0] if isinstance(value, list) else str(value)
            assert topic.config()[name] == shown


def test_every_type_is_a_message_of_every_topic_it_goes_to() -> None:
    assert EVENT_TYPES.keys() <= MESSAGES.keys()
    for kind in EVENT_TYPES.values():
        for topic in kind.to:
            assert kind.name in DOCUMENT["channels"][topic.name]["messages"], kind.name
    told = {name for topic in every_topic() for name in carried_by(topic)}
    assert told == MESSAGES.keys()


def test_every_edge_of_the_topology_is_an_operation() -> None:
    told = {
        (operation["action"], operation["channel"]["$ref"].removeprefix("#/channels/"))
        for operation in DOCUMENT["operations"].values()
    }
    edges = sum(1 + len(written_to(step)) for step in steps())
    edges += sum(len(outside.reads) + len(outside.writes) for outside in OUTSIDE)
    assert len(DOCUMENT["operations"]) == edges
    wanted = {("receive", step.inbox.name) for step in steps()}
    wanted |= {("send", topic.name) for step in steps() for topic in written_to(step)}
    assert wanted <= told
    assert ("receive", COMMANDS.name) in told


def payload(kind: EventType) -> dict[str, Any]:
    return MESSAGES[kind.name if kind.name in EVENT_TYPES else "command"]["payload"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_golden_event_keeps_to_its_schema(kind: EventType) -> None:
    assert faults(DOCUMENT, payload(kind), msgspec.json.decode(golden(kind))) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_spoilt_event_does_not(kind: EventType) -> None:
    event = msgspec.json.decode(golden(kind))
    others = [other for other in KINDS if payload(other) is not payload(kind)]
    assert all(faults(DOCUMENT, payload(other), event) for other in others)
    for spoilt in spoilt_ones(event):
        assert faults(DOCUMENT, payload(kind), spoilt), spoilt


def spoilt_ones(event: dict[str, Any]) -> list[dict[str, Any]]:
    """Return copies, each with one text or number of the data made something else."""
    made = []
    for name, value in event["data"].items():
        if isinstance(value, str | int | float):
            other = copy.deepcopy(event)
            other["data"][name] = {"not": "that"}
            made.append(other)
    without = copy.deepcopy(event)
    del without["id"]
    return [*made, without]


@pytest.mark.parametrize(
    "value",
    [
        b'{"agent_id": "web-1", "metrics": {"cpu_usage": 41.5}}',
        b'{"agent_id": "a", "metrics": {}, "at": "2026-11-21T03:14:15Z", "sequence": 7}',
        b'{"agent_id": "a", "metrics": {"m": 1}, "status": "busy", "labels": {"a": "b"}}',
    ],
)
def test_a_heartbeat_that_is_accepted_keeps_to_its_schema(value: bytes) -> None:
    assert telemetry.decode_heartbeat(value)
    assert faults(DOCUMENT, MESSAGES["heartbeat"]["payload"], msgspec.json.decode(value)) == []


@pytest.mark.parametrize(
    "plain",
    [
        {"metrics": {}},
        {"agent_id": "", "metrics": {}},
        {"agent_id": "a" * 201, "metrics": {}},
        {"agent_id": "a", "metrics": {"m": "1"}},
        {"agent_id": "a", "metrics": {f"m{i}": 1 for i in range(257)}},
        {"agent_id": "a", "metrics": {}, "status": "offline"},
        {"agent_id": "a", "metrics": {}, "labels": {"a": 1}},
    ],
)
def test_a_heartbeat_that_breaks_its_schema_is_not_accepted(plain: dict[str, Any]) -> None:
    assert faults(DOCUMENT, MESSAGES["heartbeat"]["payload"], plain)
    with pytest.raises((telemetry.InvalidField, telemetry.MalformedRecord)):
        telemetry.decode_heartbeat(msgspec.json.encode(plain))


def test_examples_keep_to_their_schemas() -> None:
    examples = [(m, e) for m in MESSAGES.values() for e in m.get("examples", [])]
    assert examples
    assert all(faults(DOCUMENT, m["payload"], e["payload"]) == [] for m, e in examples)


def test_every_schema_and_field_of_a_heartbeat_is_described() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert all(schema["description"] for schema in schemas.values())
    assert all(f["description"] for f in schemas["Heartbeat"]["properties"].values())


def test_it_is_printed_the_same_each_time() -> None:
    command = [sys.executable, "-m", "api.asyncapi"]
    printed = subprocess.run(command, capture_output=True, check=True).stdout
    assert printed == as_json()
    assert msgspec.json.decode(printed) == msgspec.json.decode(msgspec.json.encode(document()))
