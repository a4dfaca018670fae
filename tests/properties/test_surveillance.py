"""The facts of a log do not depend on how it was cut, nor on restarts in between."""

from __future__ import annotations

import base64
import random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processors.step import Context, Sealer
from processors.surveillance.step import Surveillance
from streams.contracts.envelope import Event, encode_event
from streams.contracts.events.system import RecordRedriven
from streams.contracts.record import Outgoing, Record
from streams.contracts.telemetry import encode_tick
from streams.contracts.trust import RecordKind, Signer

SIGNER = Signer(b"a secret for tests only")
HOSTILE = (
    b"", b"null", b"[]", b"{", b'{"agent_id": 1}', b"\xff\xfe", '{"agent_id":"ä"}'.encode("utf-16"),
    b'{"agent_id":"a/b","metrics":{}}', b'{"agent_id":"a0","metrics":{"q":NaN}}',
    b'{"agent_id":"a0","metrics":{"q":1e999}}', b'{"agent_id":"a0","metrics":{"q":1e200}}',
    b'{"agent_id":"a0","metrics":{"":1}}', b'{"agent_id":"a0","metrics":{"up":1}}',
    b'{"agent_id":"a0","tenant_id":"other","metrics":{"q":1}}', b"[" * 5000,
    b'{"agent_id":"a0","metrics":{"q":1},"at":"yesterday"}', b"1" * 70_000,
    b'{"agent_id":"a0","metrics":{"q":1},"status":"compromised"}',
    b'{"agent_id":"a\\ud800","metrics":{"q":1}}',
)  # fmt: skip


def signed(offset: int, at: float, value: bytes, kind: RecordKind) -> Record:
    headers = SIGNER.sign(Outgoing("telemetry", None, value), kind).headers
    return Record("telemetry", 0, offset, at, None, value, headers)


def request(offset: int, status: str) -> bytes:
    data = {"status": status, "reason": "test", "requested_by": "ann"}
    schema = "/schemas/agent.lifecycle_requested/1"
    return encode_event(
        Event(id=f"asked-{offset % 99}", source="/api", type="agent.lifecycle_requested",
              subject="default/a1", time="", tenant="default", data=data, dataschema=schema)
    )  # fmt: skip


def redriven(offset: int, at: float, value: bytes) -> bytes:
    told = base64.b64encode(value).decode()
    letter = f"letter-{offset % 50}"
    data = RecordRedriven(letter, "ann", "telemetry", 0, 1, at - 9, "", told, [])
    schema = "/schemas/record.redriven/1"
    return encode_event(
        Event(id=f"asked-{offset}", source="/api", type="record.redriven",
              subject="default/telemetry", time="", tenant="default",
              data=msgspec.to_builtins(data), dataschema=schema)
    )  # fmt: skip


def a_log(seed: int, length: int = 200) -> list[Record]:
    drawn, at, records = random.Random(seed), 1e9, []
    for offset in range(length):
        at += drawn.choice([0.0, 0.1, 1.0, 2.0, 20.0])
        records.append(a_record(drawn, offset, at))
    return records


def a_record(drawn: random.Random, offset: int, at: float) -> Record:
    turn = drawn.random()
    if turn < 0.1:
        return signed(offset, at, encode_tick(at), RecordKind.TICK)
    if turn < 0.13:
        status = drawn.choice(["maintenance", "active", "offline", "decommissioning"])
        return signed(offset, at, request(offset, status), RecordKind.EVENT)
    if turn < 0.15:
        beat = {"agent_id": f"a{drawn.randrange(9)}", "metrics": {"q": 9.0}, "agent_type": "late"}
        value = drawn.choice([*HOSTILE, *[msgspec.json.encode(beat)] * len(HOSTILE)])
        return signed(offset, at, redriven(offset, at, value), RecordKind.EVENT)
    if turn < 0.27:
        value = drawn.choice(HOSTILE) if turn < 0.2 else a_message(drawn)
        return Record("telemetry", 0, offset, at, None, value)
    agent = drawn.randrange(5)
    metrics = {"cpu_usage": drawn.choice([50.0, 72.0, 80.0, 99.0]), "q": drawn.gauss(10.0, 1.0)}
    metrics["error_rate"] = 0.5 * (at // 300 % 2)
    if agent == 0:
        metrics = {"up": float(turn < 0.5)}
        value = {"agent_id": "svc", "agent_type": "service", "metrics": metrics}
        return signed(offset, at, msgspec.json.encode(value), RecordKind.TELEMETRY)
    if drawn.random() < 0.1:
        metrics[f"extra_{drawn.randrange(3)}"] = 500.0
    beat = {"agent_id": f"a{agent}", "metrics": metrics}
    if drawn.random() < 0.05:
        beat |= {"labels": {"release": str(offset)}, "at": at - 100.0, "status": "busy"}
    return Record("telemetry", 0, offset, at, None, msgspec.json.encode(beat))


def a_message(drawn: random.Random) -> bytes:
    said = [
        "",
        "password=Tr0ub4dor&3",
        "x" * 16_001,
        "the disk of node 7 is full, so it was rotated",
    ]
    message = {"conversation_id": f"c{drawn.randrange(3)}", "text": drawn.choice(said)}
    beat = {"agent_id": f"a{drawn.randrange(6)}", "metrics": drawn.choice([{}, {"q": 10.0}])}
    return msgspec.json.encode(beat | {"message": message})


def folded(records: list[Record], cuts: list[int], *, restart: bool = False):
    step, context = Surveillance(), Context("telemetry", 0, 1, SIGNER)
    state, sealed, first = step.initial(context), [], 0
    for end in [*cuts, len(records)]:
        sealed += Sealer(step.name, context).seal(step.apply(state, records[first:end]))
        first = end
        if restart:
            state = step.load(context, step.dump(state))
    return sealed, step.dump(state)


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 1 << 30), data=st.data())
def test_cuts_and_restarts_change_nothing(seed, data):
    records = a_log(seed)
    whole = folded(records, [])
    cuts = sorted(data.draw(st.sets(st.integers(1, len(records) - 1), max_size=30)))
    assert folded(records, list(range(1, len(records)))) == whole
    assert folded(records, list(range(7, len(records), 7))) == whole
    assert folded(records, cuts, restart=True) == whole


def test_the_log_of_these_tests_reaches_every_kind_of_fact():
    types = set()
    for seed in range(12):
        sealed, _ = folded(a_log(seed), [])
        types |= {msgspec.json.decode(record.value)["type"] for record in sealed}
    assert types >= {kind.name for kind in Surveillance().writes}


@settings(deadline=None, max_examples=300)
@given(value=st.one_of(st.binary(max_size=200), st.sampled_from(HOSTILE)))
def test_a_hostile_record_is_one_dead_letter_and_hinders_nobody(value):
    good = msgspec.json.encode({"agent_id": "a9", "metrics": {"q": 1.0}})
    records = [
        Record("telemetry", 0, n, 1e9 + n, None, v) for n, v in enumerate((good, value, good))
    ]
    sealed, _ = folded(records, [])
    types = [msgspec.json.decode(record.value)["type"] for record in sealed]
    assert types.count("record.dead_lettered") == 1
    assert types.count("agent.registered") == 3  # one fact, three topics
    assert not any(b"other/" in (record.key or b"") for record in sealed)


@pytest.mark.parametrize("length", [0, 1, 30, 60])
def test_a_truncated_heartbeat_is_a_dead_letter(length):
    whole = msgspec.json.encode({"agent_id": "a9", "metrics": {"cpu_usage": 1.0, "q": 2.0}})
    cut = whole[: min(length, len(whole) - 1)]
    sealed, _ = folded([Record("telemetry", 0, 0, 1e9, None, cut)], [])
    assert [msgspec.json.decode(r.value)["type"] for r in sealed] == ["record.dead_lettered"]
