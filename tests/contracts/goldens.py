"""One golden file for every version of every type ever written.

``python -m tests.contracts.goldens`` writes the files of the current versions. A file that exists
is only written anew with ``--again``: what was once in a log stays readable, so a change of shape
is a new version and a new file, and the old one stays.
"""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from streams.contracts.envelope import Event, encode_event
from streams.contracts.events.registry import EVENT_TYPES, EventType, event_type

FOLDER = Path(__file__).with_name("golden")
_PLAIN = {str: "text", int: 7, float: 1.5, bool: True, Any: {"any": 1}, bytes: b"raw"}


def kinds() -> Iterator[EventType]:
    """Yield every type of event, and one action's command for all of them."""
    yield from EVENT_TYPES.values()
    yield event_type("service.restart")


def path_of(kind: EventType, version: int) -> Path:
    return FOLDER / f"{kind.name}.{version}.json"


def golden(kind: EventType) -> bytes:
    """Return an event of the current version with every field filled in."""
    event = Event(
        id="00000000-0000-5000-8000-000000000000",
        source="/steps/golden",
        type=kind.name,
        subject="tenant/agent",
        time="2026-01-02T03:04:05.000006Z",
        tenant="tenant",
        data=msgspec.to_builtins(_sample(kind.data)),
        dataschema=kind.dataschema,
        sequence="0000000000000000007.00001",
        position="telemetry/3/7/1",
        correlationid="finding",
        causationid="event",
    )
    return msgspec.json.format(encode_event(event), indent=2) + b"\n"


def _sample(kind: Any) -> Any:
    """Return a value of the type `kind` with nothing left at its default."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in {types.UnionType, typing.Union}:
        return _sample(next(a for a in arguments if a is not type(None)))
    if origin is list:
        return [_sample(arguments[0])]
    if origin is tuple:
        return tuple(_sample(a) for a in arguments if a is not Ellipsis)
    if origin is dict:
        return {"key": _sample(arguments[1])}
    hints = typing.get_type_hints(kind)
    return kind(**{name: _sample(hints[name]) for name in kind.__struct_fields__})


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for kind in kinds():
        path = path_of(kind, kind.version)
        if not path.exists() or "--again" in sys.argv:
            path.write_bytes(golden(kind))


if __name__ == "__main__":
    main()
