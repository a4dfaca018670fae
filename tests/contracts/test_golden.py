"""Everything ever written stays readable, and nothing changes shape in silence."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from streams.contracts.envelope import Event, decode_event
from streams.contracts.events.registry import EventType, event_type
from streams.contracts.upcasters import upcast
from tests.contracts.goldens import FOLDER, golden, kinds, path_of

FILES = sorted(FOLDER.glob("*.json"))
KINDS = list(kinds())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_present_shape_is_the_recorded_one(kind: EventType) -> None:
    recorded = path_of(kind, kind.version)
    assert recorded.exists(), "run python -m tests.contracts.goldens"
    assert golden(kind) == recorded.read_bytes(), (
        "the shape changed: add an upcaster, raise the version, then run"
        " python -m tests.contracts.goldens; the old file stays"
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_version_has_its_file(kind: EventType) -> None:
    assert all(path_of(kind, version).exists() for version in range(1, kind.version + 1))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_recorded_version_reads_as_the_present_one(path: Path) -> None:
    event = upcast(decode_event(path.read_bytes()))
    kind = event_type(event.type)
    assert event.dataschema == kind.dataschema
    data = msgspec.convert(event.data, kind.data)
    assert msgspec.json.decode(msgspec.json.encode(data)) == event.data


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_golden_event_fills_in_every_attribute(path: Path) -> None:
    event = decode_event(path.read_bytes())
    assert all(getattr(event, name) for name in Event.__struct_fields__)
