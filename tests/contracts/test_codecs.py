"""What is written reads back; what is not ours is refused by name, and never crashes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.envelope import Event, decode_event, encode_event, outgoing
from streams.contracts.errors import ContractError, Untrusted
from streams.contracts.record import Outgoing, Position, Record
from streams.contracts.telemetry import (
    Heartbeat,
    decode_heartbeat,
    decode_tick,
    encode_heartbeat,
    encode_tick,
)
from streams.contracts.trust import RecordKind, Signer

IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,30}", fullmatch=True)
TEXT = st.text(max_size=40)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | FINITE | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.builds(
    Event, id=IDS, source=TEXT, type=IDS, subject=IDS, time=TEXT, tenant=IDS, dataschema=TEXT,
    data=st.dictionaries(TEXT, VALUES, max_size=4), sequence=TEXT, position=TEXT,
    correlationid=TEXT, causationid=TEXT,
)  # fmt: skip
HEARTBEATS = st.builds(
    Heartbeat,
    agent_id=IDS,
    tenant_id=IDS,
    metrics=st.dictionaries(
        st.from_regex(r"[A-Za-z_][A-Za-z0-9_.:/-]{0,20}", fullmatch=True),
        st.floats(-1e149, 1e149),
        max_size=5,
    ),
    at=st.none() | st.floats(0, 2e9),
    sequence=st.none() | st.integers(0, 2**63 - 1),
    status=st.none() | st.sampled_from(["active", "idle", "busy", "degraded"]),
    agent_type=st.none() | IDS,
    labels=st.dictionaries(st.text(min_size=1, max_size=20), TEXT, max_size=3),
)
SIGNER = Signer(b"one secret of sixteen")


@given(EVENTS)
def test_an_event_reads_back_as_it_was_written(event: Event) -> None:
    written = encode_event(event)
    assert decode_event(written) == event
    assert encode_event(decode_event(written)) == written


@given(st.dictionaries(TEXT, VALUES, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_change_the_bytes(data: dict[str, Any], random: Any) -> None:
    shuffled = list(data.items())
    random.shuffle(shuffled)
    first, second = (
        Event(id="i", source="s", type="t", subject="a/b", time="", tenant="a", dataschema="d",
              data=d)
        for d in (data, dict(shuffled))
    )  # fmt: skip
    assert encode_event(first) == encode_event(second)


@given(HEARTBEATS)
def test_a_heartbeat_reads_back_as_it_was_written(heartbeat: Heartbeat) -> None:
    assert decode_heartbeat(encode_heartbeat(heartbeat)) == heartbeat


@given(FINITE)
def test_a_tick_reads_back(at: float) -> None:
    assert decode_tick(encode_tick(at)) == at


def refusal(decode: Callable[[bytes], object], raw: bytes) -> str:
    """Return the reason for which `raw` is refused; a usable name where it is accepted."""
    try:
        decode(raw)
    except ContractError as error:
        return error.reason if error.detail else ""
    return "accepted"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_by_name(raw: bytes) -> None:
    for decode in (decode_event, decode_heartbeat, decode_tick):
        assert refusal(decode, raw).isidentifier()


@given(st.dictionaries(st.sampled_from(["agent_id", "metrics", "at", "labels", "x"]), VALUES))
def test_any_json_is_read_or_refused_by_name(plain: dict[str, Any]) -> None:
    assert refusal(decode_heartbeat, json.dumps(plain).encode()).isidentifier()


@given(EVENTS, st.sampled_from(["topic", "key", "value", "kind", "secret"]))
def test_a_signature_holds_for_one_record_only(event: Event, changed: str) -> None:
    sealed = SIGNER.sign(outgoing(event, "decisions"))
    record = Record("decisions", 0, 0, 0.0, sealed.key, sealed.value, sealed.headers)
    assert SIGNER.kind_of(record) is RecordKind.EVENT
    headers = [(n, b"tick" if n == "hs-kind" else v) for n, v in record.headers]
    forged = {
        "topic": record._replace(topic="governance"),
        "key": record._replace(key=b"other"),
        "value": record._replace(value=sealed.value + b" "),
        "kind": record._replace(headers=headers),
        "secret": record,
    }[changed]
    signer = Signer(b"some other secret here") if changed == "secret" else SIGNER
    with pytest.raises(Untrusted):
        signer.kind_of(forged)


def test_a_record_that_claims_nothing_is_plain() -> None:
    plain = Outgoing("telemetry", None, b"{}")
    record = Record("telemetry", 0, 0, 0.0, plain.key, plain.value, (("trace", b"1"),))
    assert SIGNER.kind_of(record) is None


@given(st.sampled_from(["telemetry", "a/b"]), st.integers(0, 99), st.integers(0, 2**62))
def test_a_position_reads_back(topic: str, partition: int, offset: int) -> None:
    position = Position(topic, partition, offset, 3)
    assert Position.parse(str(position)) == position
