"""What a tool that knows CloudEvents, and nothing of us, asks of a Kafka record.

Source: CloudEvents 1.0.2, "Context Attributes"; Kafka protocol binding 1.0.2, 3.3 "Structured
Content Mode"; JSON event format 1.0.2.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

STRUCTURED = "application/cloudevents"
_REQUIRED = ("id", "source", "specversion", "type")
_NAME = re.compile(r"[a-z0-9]{1,20}")


def content_type(headers: Iterable[tuple[str, bytes]]) -> str:
    """Return a record's content type, empty where it has none."""
    return next((value.decode() for name, value in headers if name == "content-type"), "")


def faults(value: bytes) -> list[str]:
    """Return what is wrong with a structured event in JSON."""
    event = json.loads(value.decode("utf-8"))
    attributes = {name: given for name, given in event.items() if name != "data"}
    found = [f"{name} is missing" for name in _REQUIRED if not attributes.get(name)]
    found += [f"{name} is no name" for name in attributes if not _NAME.fullmatch(name)]
    found += [
        f"{name} is {given!r}, no string, integer or boolean"
        for name, given in attributes.items()
        if not isinstance(given, str | int | bool) or given == ""
    ]
    if attributes.get("specversion") != "1.0":
        found.append(f"specversion is {attributes.get('specversion')!r}")
    for name in ("source", "dataschema"):
        if " " in urlsplit(attributes.get(name, "")).geturl():
            found.append(f"{name} is no URI")
    if "dataschema" in attributes and not urlsplit(attributes["dataschema"]).scheme:
        found.append(f"dataschema is {attributes['dataschema']!r}, a reference and no URI")
    if "time" in attributes and dt.datetime.fromisoformat(attributes["time"]).tzinfo is None:
        found.append(f"time is {attributes['time']!r}, without an offset")
    if attributes.get("datacontenttype", "application/json") != "application/json":
        found.append("datacontenttype is not that of the data")
    return found
