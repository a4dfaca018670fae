"""JSON schemas of everything on the log, from the types that read and write it.

AsyncAPI's schemas are a superset of JSON Schema draft 07, which has no ``prefixItems``.
"""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import Any, Final

import msgspec

from streams.contracts import telemetry
from streams.contracts.envelope import Event
from streams.contracts.events.action import Command
from streams.contracts.events.registry import EVENT_TYPES
from streams.contracts.telemetry import Heartbeat, Tick

REFERENCE: Final = "#/components/schemas/"
Schema = dict[str, Any]
_PARAMETER: Final = re.compile(r"^(\w+(?:, \w+)*) : .+$")


def schemas() -> dict[str, Schema]:
    """Return the schema of every type by its name."""
    data = dict.fromkeys(kind.data for kind in EVENT_TYPES.values())
    types = [Heartbeat, Tick, Event, Command, *data]
    _, found = msgspec.json.schema_components(types, ref_template=REFERENCE + "{name}")
    made = {name: _described(_draft07(schema)) for name, schema in found.items()}
    _bounded(made[Heartbeat.__name__]["properties"])
    return made


def schema_of(data: type[msgspec.Struct]) -> Schema:
    """Return a reference to the schema of a type."""
    return {"$ref": REFERENCE + data.__name__}


def _bounded(fields: dict[str, Schema]) -> None:
    """Add what a heartbeat is held to beyond its types; see `telemetry.check_heartbeat`."""
    for name in ("agent_id", "tenant_id"):
        fields[name] |= {"minLength": 1, "maxLength": telemetry.MAX_ID}
    fields["metrics"]["maxProperties"] = telemetry.MAX_METRICS
    fields["labels"]["maxProperties"] = telemetry.MAX_LABELS
    fields["status"]["enum"] = [*sorted(telemetry.DECLARABLE), None]


def _draft07(schema: Any) -> Any:
    """Return `schema` with tuples as draft 07 writes them."""
    if isinstance(schema, list):
        return [_draft07(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    told = {key: _draft07(value) for key, value in schema.items()}
    if "prefixItems" in told:
        told["additionalItems"] = told.get("items", True)
        told["items"] = told.pop("prefixItems")
    return told


def _described(schema: Schema) -> Schema:
    """Return `schema` with its docstring's parameters as its fields' descriptions."""
    text = cleandoc(schema.get("description", ""))
    about, _, parameters = text.partition("\n\nParameters\n")
    schema["description"] = about
    named: list[str] = []
    for line in parameters.splitlines():
        if match := _PARAMETER.match(line):
            named = match[1].split(", ")
        elif line.startswith("    "):
            for field in (schema["properties"][name] for name in named):
                field["description"] = f"{field.get('description', '')} {line.strip()}".strip()
    return schema
