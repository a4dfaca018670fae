"""How events are spelt: as CloudEvents ask for, and as they were before, which stays readable."""

from __future__ import annotations

import pytest

from streams.contracts.envelope import decode_event, encode_event, respelt
from streams.contracts.errors import MalformedRecord
from tests.contracts.cloudevents import faults
from tests.contracts.goldens import kinds, path_of

FILES = sorted(path_of(kind, kind.version) for kind in kinds())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_event_of_today_is_a_cloudevent(path) -> None:
    assert faults(path.read_bytes()) == []


def test_an_event_of_old_says_no_version_and_is_the_same_event() -> None:
    now = encode_event(decode_event(FILES[0].read_bytes()))
    old = now.replace(b'"specversion":"1.0",', b"")
    assert old != now
    assert decode_event(old) == decode_event(now)
    assert respelt(old) == now == respelt(now)


def test_an_event_of_old_names_its_schema_without_a_scheme_and_is_the_same_event() -> None:
    now = encode_event(decode_event(FILES[0].read_bytes()))
    old = now.replace(b'"homeostat:/schemas/', b'"/schemas/')
    assert old != now
    assert decode_event(old) == decode_event(now)
    assert respelt(old) == now == respelt(now)


def test_another_version_of_the_standard_is_refused_by_name() -> None:
    other = FILES[0].read_bytes().replace(b'"1.0"', b'"0.3"')
    with pytest.raises(MalformedRecord, match="specversion"):
        decode_event(other)
