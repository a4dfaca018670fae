"""A line of upcasters leads from any version to the present one."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from streams.contracts import upcasters
from streams.contracts.envelope import decode_event
from streams.contracts.errors import UnknownVersion
from streams.contracts.events.registry import EVENT_TYPES
from streams.contracts.upcasters import upcast
from tests.contracts.goldens import FOLDER, golden

KIND = EVENT_TYPES["action.queued"]


def at_version(number: int, **data: Any) -> Any:
    event = decode_event(golden(KIND))
    return replace(event, dataschema=f"homeostat:/schemas/{KIND.name}/{number}", data=data)


@pytest.fixture
def third(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    later = type(KIND)(KIND.name, KIND.data, KIND.to, version=3)
    monkeypatch.setattr(upcasters, "event_type", lambda name: later)
    return {
        KIND.name: (
            lambda data: {**data, "second": data["first"] + 1},
            lambda data: {"third": data["second"] * 10},
        )
    }


@pytest.mark.parametrize(("version", "data"), [(1, {"first": 1}), (2, {"first": 1, "second": 2})])
def test_old_versions_are_read_as_the_third(
    third: dict[str, Any], version: int, data: dict[str, Any]
) -> None:
    event = upcast(at_version(version, **data), third)
    assert event.data == {"third": 20}
    assert event.dataschema == "homeostat:/schemas/action.queued/3"


def test_the_present_version_passes_untouched() -> None:
    event = decode_event(golden(KIND))
    assert upcast(event) is event


def test_every_type_has_a_line_as_long_as_its_version() -> None:
    for name, kind in EVENT_TYPES.items():
        assert len(upcasters.UPCASTERS.get(name, ())) == kind.version - 1


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("homeostat:/schemas/action.queued/2", "version_from_the_future"),
        ("homeostat:/schemas/action.granted/1", "unknown_dataschema"),
        ("homeostat:/schemas/action.queued/0", "unknown_dataschema"),
        ("homeostat:/schemas/action.queued/one", "unknown_dataschema"),
        ("", "unknown_dataschema"),
    ],
)
def test_a_version_that_cannot_be_read_says_why(schema: str, reason: str) -> None:
    event = replace(decode_event(golden(KIND)), dataschema=schema)
    with pytest.raises(UnknownVersion) as caught:
        upcast(event)
    assert caught.value.reason == reason


def test_old_windows_know_of_nothing_that_was_expected() -> None:
    golden_of_old = (FOLDER / "metrics.windows_closed.1.json").read_bytes()
    event = decode_event(golden_of_old)
    read = upcast(replace(event, data={**event.data, "agents": ["t/a", "t/b"]})).data
    assert (read["expected_low"], read["expected_high"]) == ([None, None], [None, None])
