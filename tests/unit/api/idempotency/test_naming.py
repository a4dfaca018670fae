"""Keys as clients send them, and the names that follow from a request."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.idempotency.naming import LONGEST, NAMED, Named, key_in, new_id

VISIBLE = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=LONGEST
)


@given(VISIBLE)
def test_a_quoted_string_is_read_as_what_it_stands_for(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert key_in(f'"{quoted}"') == text


@given(VISIBLE.filter(lambda text: " " not in text and not text.startswith('"')))
def test_a_bare_text_is_read_as_it_is(text: str) -> None:
    if '"' not in text:
        assert key_in(text) == text


@pytest.mark.parametrize(
    "header",
    ["", '""', '"', 'a"b', "a b", "ключ", "a\n", '"a\\b"', "x" * 256, '"' + "x" * 256 + '"'],
)
def test_what_is_no_key_is_none(header: str) -> None:
    assert key_in(header) is None


PART = st.binary(max_size=8)


@given(st.tuples(PART, PART), st.tuples(PART, PART))
def test_two_requests_have_one_fingerprint_where_they_are_the_same(one, other) -> None:
    prints = [Named(("default", "admin"), "k", said).fingerprint for said in (one, other)]
    assert (prints[0] == prints[1]) == (one == other)


def test_whose_key_it_is_matters() -> None:
    scopes = [("default", "ann"), ("default", "bob"), ("other", "ann"), ("*", "ann")]
    assert len({Named(scope, "k", (b"same",)).key for scope in scopes}) == len(scopes)


def test_a_requests_events_have_the_same_ids_at_every_try_and_different_ones_each() -> None:
    said = (b"POST", b"/api/v1/actions", b"", b"{}")
    first, second = (Named(("default", "ann"), "k", said) for _ in range(2))
    ids = [first.next_id(), first.next_id()]
    assert ids == [second.next_id(), second.next_id()] == [first.event_id(0), first.event_id(1)]
    assert len(set(ids)) == 2
    other = Named(("default", "ann"), "k", (*said[:3], b"{ }"))
    assert other.next_id() not in ids
    assert {uuid.UUID(one).version for one in ids} == {5}


def test_without_a_key_ids_are_random() -> None:
    assert NAMED.get() is None
    assert new_id() != new_id()
    assert uuid.UUID(new_id()).version == 4
