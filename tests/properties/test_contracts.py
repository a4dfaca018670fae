"""Contracts hold for anything that bytes can spell."""

from __future__ import annotations

import json
import math
import re

import msgspec
import pytest
from aiokafka.partitioner import murmur2 as murmur2_of_aiokafka
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.errors import ContractError, InvalidField, MalformedRecord, Untrusted
from streams.contracts.partitioning import murmur2, partition_for
from streams.contracts.record import Outgoing, Record
from streams.contracts.telemetry import (
    DECLARABLE,
    Heartbeat,
    decode_heartbeat,
    decode_tick,
    encode_heartbeat,
    encode_tick,
    parse_time,
)
from streams.contracts.trust import KIND, MAC, ORIGIN, RecordKind, Signer

SIGNER = Signer(b"0123456789abcdef")
ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,30}", fullmatch=True)
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.:/-]{0,30}", fullmatch=True)
values = st.floats(-1e149, 1e149)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)
fields = st.sampled_from(Heartbeat.__struct_fields__)
heartbeats = st.builds(
    Heartbeat,
    agent_id=ids,
    metrics=st.dictionaries(names, values, max_size=5),
    tenant_id=ids,
    at=st.none() | st.floats(0, 4e9) | st.just("2026-01-01T00:00:00Z"),
    sequence=st.none() | st.integers(0, 2**63 - 1),
    status=st.none() | st.sampled_from(sorted(DECLARABLE)),
    agent_type=st.none() | ids,
    labels=st.dictionaries(st.text(min_size=1, max_size=10), st.text(max_size=10), max_size=3),
)


def refuses_or_reads(value: bytes) -> None:
    refusal = None
    try:
        read = decode_heartbeat(value)
    except ContractError as error:
        refusal = error
    assert (refusal.reason and refusal.detail) if refusal else "/" not in read.agent_id


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_with_a_reason(value: bytes) -> None:
    refuses_or_reads(value)


@given(st.dictionaries(fields | st.text(max_size=10), plain, max_size=8))
def test_any_json_is_read_or_refused_with_a_reason(value: dict[str, object]) -> None:
    refuses_or_reads(json.dumps(value).encode())


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"agent_id":"a","metrics":{},"labels":['])
def test_depth_is_refused(opening: bytes) -> None:
    with pytest.raises(ContractError):
        decode_heartbeat(opening * (60_000 // len(opening)))


moments = st.from_regex(
    r"\d{1,5}-\d{1,3}-\d{1,3}[Tt ]\d{1,3}:\d{1,3}(:\d{1,3}([.,]\d{0,12})?)?"
    r"([Zz]|[+-]\d{1,3}:?\d{0,3})?",
    fullmatch=True,
)
EXOTIC = (
    "0000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z",
    "2026-01-01T00:00:00+99:99", "2026-01-01T00:00:00+24:00", "20260101T000000Z",
    "2026-W01-1T00:00:00Z", "2026-01-01T00Z", "2026-01-01", "2026-01-01T00:00:61Z",
    "\u0662\u0660\u0662\u0666-01-01T00:00:00Z", "nan", "1e400", "", "9" * 5000,
    math.nan, math.inf, -math.inf,
)  # fmt: skip


@given(moments | st.text(max_size=40) | st.floats() | st.integers(-(10**30), 10**30))
def test_any_time_is_finite_or_refused(at: str | float) -> None:
    read: float | InvalidField
    try:
        read = parse_time(at)
    except InvalidField as error:
        read = error
    if isinstance(read, InvalidField):
        assert (read.reason, read.field) == ("invalid_time", "at")
    else:
        assert math.isfinite(read)


@pytest.mark.parametrize("at", EXOTIC)
def test_an_exotic_time_is_refused_with_a_remedy(at: str | float) -> None:
    with pytest.raises(InvalidField, match=r"at is .*; use RFC 3339"):
        parse_time(at)


@pytest.mark.parametrize(
    ("at", "seconds"),
    [
        ("0001-01-01T00:00:00+14:00", -62_135_647_200.0),
        ("9999-12-31T23:59:59-14:00", 253_402_351_199.0),
        ("2016-12-31T23:59:60Z", 1_483_228_800.0),
        ("2017-01-01t05:29:60.5+05:30", 1_483_228_800.5),
        ("1970-01-01 00:00:01z", 1.0),
        ("1969-12-31T23:59:59.5Z", -0.5),
        (-1, -1.0),
    ],
)
def test_the_edges_of_rfc_3339_are_read(at: str | float, seconds: float) -> None:
    assert parse_time(at) == seconds


@pytest.mark.parametrize(
    ("members", "field", "value"),
    [
        ('"agent_id": 7, "metrics": {}', "agent_id", "7"),
        ('"metrics": {}', "agent_id", "None"),
        ('"agent_id": "a", "metrics": {"q": true}', "metrics.q", "true"),
        ('"agent_id": "a", "metrics": {"ok": 1, "q": 1e999}', "metrics.q", "1e999"),
        (f'"agent_id": "a", "metrics": {{"q": {"9" * 5000}}}', "metrics.q", "999"),
        ('"agent_id": "a", "metrics": [1]', "metrics", r"\[1\]"),
        (f'"agent_id": "a", "metrics": {{}}, "at": {"9" * 400}', "at", "999"),
        (f'"agent_id": "a", "metrics": {{}}, "sequence": {"9" * 5000}', "sequence", "999"),
        ('"agent_id": "a", "metrics": {}, "at": {"t": 1}', "at", "{"),
        ('"agent_id": "a", "metrics": {}, "labels": {"x": {"y": 1}}', "labels.x", "{"),
    ],
)
def test_a_wrong_type_names_field_value_and_remedy(members: str, field: str, value: str) -> None:
    with pytest.raises(InvalidField, match=rf"{re.escape(field)} is {value}.*; .*give ") as refused:
        decode_heartbeat(f"{{{members}}}".encode())
    assert (refused.value.field, len(refused.value.detail) < 300) == (field, True)


@pytest.mark.parametrize("value", [b"null", b"7", b'"text"', b"[]", b"true"])
def test_what_is_no_object_is_told_so(value: bytes) -> None:
    with pytest.raises(MalformedRecord, match="send one JSON object"):
        decode_heartbeat(value)


@given(heartbeats)
def test_what_is_written_is_read_again(heartbeat: Heartbeat) -> None:
    assert decode_heartbeat(encode_heartbeat(heartbeat)) == heartbeat


@given(st.floats(0, 4e9))
def test_ticks_are_read_again(at: float) -> None:
    assert decode_tick(encode_tick(at)) == at


@given(st.binary(max_size=200))
def test_any_tick_is_read_or_refused(value: bytes) -> None:
    refusal = None
    try:
        assert decode_tick(value) == msgspec.json.decode(value)["tick"]
    except ContractError as error:
        refusal = error
    assert refusal is None or refusal.reason == "malformed_tick"


@given(st.binary(max_size=64), st.integers(1, 1000))
def test_keys_live_where_other_clients_put_them(key: bytes, partitions: int) -> None:
    assert murmur2(key) & 0xFFFFFFFF == murmur2_of_aiokafka(key) & 0xFFFFFFFF
    assert partition_for(key, partitions) == (murmur2_of_aiokafka(key) & 0x7FFFFFFF) % partitions


def as_read(sent: Outgoing) -> Record:
    return Record(sent.topic, 0, 7, 1.0, sent.key, sent.value, sent.headers)


@given(
    st.none() | st.binary(max_size=20),
    st.binary(max_size=60),
    st.sampled_from(RecordKind),
    st.binary(max_size=12),
)
def test_a_signature_proves_its_record(
    key: bytes | None, value: bytes, kind: RecordKind, origin: bytes
) -> None:
    sent = SIGNER.sign(Outgoing("telemetry", key, value), kind, origin)
    assert SIGNER.kind_of(as_read(sent)) is kind


@given(st.data())
def test_any_changed_byte_is_refused(data: st.DataObject) -> None:
    key, value = data.draw(st.binary(max_size=20)), data.draw(st.binary(max_size=60))
    sent = SIGNER.sign(Outgoing("telemetry", key, value), RecordKind.EVENT, b"telemetry/0/1/0")
    parts = {
        "topic": b"telemetry",
        "key": key,
        "value": value,
        **{name: part for name, part in sent.headers if name in {KIND, MAC, ORIGIN}},
    }
    place = data.draw(st.sampled_from([name for name, part in parts.items() if part]))
    at = data.draw(st.integers(0, len(parts[place]) - 1))
    # One bit of seven, so that a topic stays text.
    changed = bytearray(parts[place])
    changed[at] ^= 1 << data.draw(st.integers(0, 6))
    parts[place] = bytes(changed)
    headers = tuple((name, parts[name]) for name in (KIND, MAC, ORIGIN))
    forged = Record(parts["topic"].decode(), 0, 7, 1.0, parts["key"], parts["value"], headers)
    with pytest.raises(Untrusted):
        SIGNER.kind_of(forged)


@given(st.binary(min_size=16, max_size=40).filter(lambda s: s != b"0123456789abcdef"))
def test_another_installation_s_signature_is_refused(secret: bytes) -> None:
    sent = Signer(secret).sign(Outgoing("telemetry", b"k", b"v"), RecordKind.TICK)
    with pytest.raises(Untrusted):
        SIGNER.kind_of(as_read(sent))
