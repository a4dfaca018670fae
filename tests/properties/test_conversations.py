"""What follows from conversations depends on no fetch and no restart, and holds nothing said."""

from __future__ import annotations

import random
from functools import cache

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.conversations import ConversationPolicy, RepetitionPolicy
from config.policy import default_policy, policy_hash
from processors.surveillance.step import Surveillance
from streams.contracts.envelope import Event, encode_event
from streams.contracts.events.system import PolicyChanged
from streams.contracts.record import Record
from streams.contracts.telemetry import encode_tick
from streams.contracts.trust import RecordKind
from tests.properties.test_surveillance import folded, signed

SECRETS = ("Tr0ub4dor&3", "AKIAIOSFODNN7EXAMPLE", "ann.lee@home.net", "4242424242424242")
SAID = (
    "", "Yes.", "the queue of node seven grows since this morning, workers are on their way",
    f"password={SECRETS[0]}", f"use {SECRETS[1]} then", f"ask {SECRETS[2]}", f"card {SECRETS[3]}",
)  # fmt: skip


@cache
def policy_event() -> bytes:
    """Return a policy under which whatever stands ends soon."""
    policy = default_policy()
    watch = policy.surveillance
    brief = ConversationPolicy(
        leaks=msgspec.structs.replace(watch.conversations.leaks, quiet_s=40.0),
        repetition=RepetitionPolicy(raise_after=1, end_after=1),
        idle_s=60.0,
        max_conversations=6,
    )
    watch = msgspec.structs.replace(watch, conversations=brief)
    policy = msgspec.structs.replace(policy, version=2, surveillance=watch)
    data = PolicyChanged(2, policy_hash(policy), msgspec.to_builtins(policy), "tests")
    return encode_event(
        Event(id="p", source="/tests", type="policy.changed", subject="default/policy", time="",
              tenant="default", data=msgspec.to_builtins(data),
              dataschema="/schemas/policy.changed/2")
    )  # fmt: skip


def a_log(seed: int, length: int = 150) -> list[Record]:
    drawn, at = random.Random(seed), 1e9
    records = [signed(0, at, policy_event(), RecordKind.EVENT)]
    for offset in range(1, length):
        at += drawn.choice([0.0, 0.1, 1.0, 20.0])
        if drawn.random() < 0.2:
            records.append(signed(offset, at, encode_tick(at), RecordKind.TICK))
            continue
        beat = {"agent_id": f"a{drawn.randrange(3)}", "metrics": {}}
        if drawn.random() < 0.4:
            beat["metrics"] = {"cpu_usage": drawn.choice([50.0, 99.0]), "response_time_avg": 70.0}
        if drawn.random() < 0.8:
            beat["message"] = {
                "conversation_id": f"c{drawn.randrange(4)}",
                "text": drawn.choice(SAID[: drawn.choice([3, len(SAID)])]),
                "role": drawn.choice(["assistant"] * 4 + ["user"]),
            }
        records.append(Record("telemetry", 0, offset, at, None, msgspec.json.encode(beat)))
    return records


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 1 << 30), data=st.data())
def test_cuts_and_restarts_change_nothing(seed, data):
    records = a_log(seed)
    whole = folded(records, [])
    cuts = sorted(data.draw(st.sets(st.integers(1, len(records) - 1), max_size=30)))
    assert folded(records, list(range(1, len(records)))) == whole
    assert folded(records, cuts, restart=True) == whole


def test_every_finding_begins_and_ends_and_nothing_said_is_told():
    raised, ended = set(), set()
    for seed in range(12):
        sealed, state = folded(a_log(seed), [])
        assert not any(secret.encode() in state for secret in SECRETS)
        open_ = {}
        for record in {r.value for r in sealed}:
            assert not any(secret.encode() in record for secret in SECRETS)
        for record in sealed:
            event = msgspec.json.decode(record.value)
            data = event["data"]
            if record.topic != "findings":
                continue
            if event["type"] == "finding.raised":
                assert open_.setdefault(data["finding_id"], data["kind"]) == data["kind"]
                raised.add(data["kind"])
            elif event["type"] == "finding.changed":
                assert data["finding_id"] in open_
            elif event["type"] == "finding.ended":
                assert open_.pop(data["finding_id"]) == data["kind"]
                ended.add((data["kind"], data["reason"]))
    kinds = {"leak", "repetition", "low_quality"}
    assert raised >= kinds
    assert {kind for kind, _ in ended} >= kinds
    assert ended >= {("leak", "recovered"), ("repetition", "quiet"), ("low_quality", "quiet")}


def test_a_message_alone_is_no_heartbeat():
    message = {"conversation_id": "c", "text": "Hello."}
    value = msgspec.json.encode({"agent_id": "a", "metrics": {}, "message": message})
    records = [Record("telemetry", 0, n, 1e9 + n * 100.0, None, value) for n in range(9)]
    records += [
        signed(n, 1e9 + n * 100.0, encode_tick(1e9 + n * 100.0), RecordKind.TICK)
        for n in range(9, 30)
    ]
    types = [msgspec.json.decode(record.value)["type"] for record in folded(records, [])[0]]
    assert types.count("conversation.assessed") == 9
    assert "agent.registered" in types
    assert not {"agent.status_changed", "finding.raised", "record.dead_lettered"} & set(types)
    assert {"conversation.assessed", "agent.performance_changed"} <= {
        kind.name for kind in Surveillance().writes
    }
