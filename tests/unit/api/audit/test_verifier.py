"""Every way to change a chain of records is found, and what is whole is called whole."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.audit.chain import Chain
from api.audit.record import Entry, Level, Outcome, digest
from api.audit.verifier import Head, Verifier
from streams.contracts.envelope import decode_event, encode_event
from streams.contracts.record import Outgoing, Record
from streams.contracts.trust import Signer

SIGNER = Signer(b"a secret of thirty-two bytes, yes")
OTHER = Signer(b"the secret of somebody else, long")


def entry(number: int) -> Entry:
    return Entry(
        1e9 + number, "bob", "admin", "t", "http.post", f"/thing/{number}", Outcome.DONE,
        Level.NOTICE, {"n": str(number)},
    )  # fmt: skip


def chain(writer: str, length: int, after: str = "", signer: Signer = SIGNER) -> list[Outgoing]:
    made = Chain(writer, after, 1e9, signer)
    return [made.first, *(made.seal(entry(number)) for number in range(1, length))]


def checked(records: list[Outgoing], kept: dict[str, Head] | None = None) -> Verifier:
    verifier = Verifier(SIGNER, kept)
    for offset, one in enumerate(records):
        verifier.take(Record(one.topic, 0, offset, 1e9, one.key, one.value, one.headers))
    verifier.finish(len(records))
    return verifier


def resigned(record: Outgoing, **changes: object) -> Outgoing:
    """Return a record changed by somebody who knows the installation's secret."""
    event = decode_event(record.value)
    data = event.data | changes
    value = encode_event(msgspec.structs.replace(event, data=data))
    return SIGNER.sign(record._replace(value=value, headers=record.headers[:1]))


def rehashed(record: Outgoing, **changes: object) -> Outgoing:
    changed = resigned(record, **changes)
    return resigned(changed, hash=digest(decode_event(changed.value)))


def test_whole_chains_side_by_side_are_whole():
    one, two = chain("a", 5), chain("b", 4)
    mixed = [one[0], one[1], two[0], one[2], two[1], two[2], one[3], two[3], one[4]]
    found = checked(mixed)
    assert found.faults == []
    assert {writer: head.number for writer, head in found.heads.items()} == {"a": 4, "b": 3}


def test_a_record_written_again_is_a_copy_and_no_fault():
    records = chain("a", 4)
    found = checked([*records[:3], records[1], records[2], records[3], records[3]])
    assert (found.faults, found.copies) == ([], 3)


@given(st.integers(2, 12), st.data())
def test_one_removed_is_found_where_its_successor_lies(length, data):
    records = chain("a", length)
    gone = data.draw(st.integers(0, length - 2))
    found = checked(records[:gone] + records[gone + 1 :])
    assert [(fault.offset, fault.kind) for fault in found.faults] == [(gone, "removed")]
    assert f"number {gone}" in found.faults[0].expected


@given(st.permutations(range(8)).filter(lambda order: order != list(range(8))))
def test_any_other_order_is_found(order):
    records = chain("a", 8)
    found = checked([records[i] for i in order])
    first = next(at for at, i in enumerate(order) if at != i)
    assert found.faults[0].offset == first


@pytest.mark.parametrize("change", [{"actor": "eve"}, {"outcome": "refused"}, {"details": {}}])
def test_what_was_changed_is_found_even_with_the_secret(change):
    records = chain("a", 5)
    naive = checked([*records[:2], resigned(records[2], **change), *records[3:]])
    assert [(fault.offset, fault.kind) for fault in naive.faults] == [(2, "tampered")]
    clever = checked([*records[:2], rehashed(records[2], **change), *records[3:]])
    assert [(fault.offset, fault.kind) for fault in clever.faults] == [(3, "tampered")]


def test_what_was_changed_without_the_secret_is_forged():
    records = chain("a", 3)
    value = records[1].value.replace(b"bob", b"eve")
    found = checked([records[0], records[1]._replace(value=value), records[2]])
    assert (found.faults[0].offset, found.faults[0].kind) == (1, "forged")


def test_a_chain_of_somebody_else_is_forged():
    found = checked([*chain("a", 2), *chain("b", 2, signer=OTHER)])
    assert [(fault.offset, fault.kind) for fault in found.faults] == [(2, "forged"), (3, "forged")]


def test_a_record_in_another_spelling_is_found():
    records = chain("a", 3)
    spaced = records[1].value.replace(b":", b": ", 1)
    changed = SIGNER.sign(records[1]._replace(value=spaced, headers=records[1].headers[:1]))
    found = checked([records[0], changed, records[2]])
    assert (found.faults[0].offset, found.faults[0].kind) == (1, "malformed")


def test_the_end_of_a_chain_cannot_be_cut_off_once_another_has_begun():
    one = chain("a", 5)
    two = chain("b", 2, after=hashlib.sha256(one[-1].value).hexdigest())
    assert checked([*one, *two]).faults == []
    found = checked([*one[:4], *two])
    assert [(fault.offset, fault.kind) for fault in found.faults] == [(4, "removed")]


def test_a_head_that_was_kept_shows_that_everything_after_it_was_removed():
    records = chain("a", 5)
    kept = checked(records).heads
    assert checked(records, kept).faults == []
    (fault,) = checked(records[:3], kept).faults
    assert (fault.offset, fault.kind) == (3, "removed")
    assert "number 4" in fault.expected
    (fault,) = checked([], kept).faults
    assert fault.found == "no record of it"


def test_another_chain_in_place_of_the_kept_one_is_found():
    kept = checked(chain("a", 3)).heads
    rewritten = Chain("a", "", 1e9, SIGNER)
    other = [rewritten.first, *(rewritten.seal(entry(number)) for number in (7, 8, 9))]
    (fault,) = checked(other, kept).faults
    assert fault.found == "another record in its place"


def test_unsigned_and_foreign_records_are_found():
    records = chain("a", 2)
    bare = records[1]._replace(headers=())
    alien = SIGNER.sign(Outgoing(records[0].topic, b"k", b'{"not": "an event"}'))
    found = checked([records[0], bare, alien])
    assert [fault.kind for fault in found.faults] == ["forged", "malformed"]
