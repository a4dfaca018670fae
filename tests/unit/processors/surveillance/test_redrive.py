"""A redriven record is held against today's policy, introduces its agent, and trains nothing."""

from __future__ import annotations

import base64

import msgspec
import pytest
from msgspec import structs

from config.policy import ClockPolicy, default_policy, policy_hash
from processors.parts import in_parts
from processors.surveillance import redrive, snapshot
from streams.contracts.events.system import PolicyChanged, RecordRedriven
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Outgoing
from streams.contracts.trust import RecordKind
from tests.unit.processors.surveillance.test_step import SIGNER, Partition, only

STAMPED = 100.0


def base(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def letter(value: bytes, name: str = "letter-1", kind: RecordKind | None = None) -> RecordRedriven:
    headers = () if kind is None else SIGNER.sign(Outgoing("telemetry", None, value), kind).headers
    told = [(header, base(content)) for header, content in headers]
    return RecordRedriven(name, "ada", "telemetry", 0, 7, STAMPED, "", base(value), told)


def beat(agent: str = "late", **fields) -> bytes:
    return msgspec.json.encode({"agent_id": agent, "metrics": {"cpu_usage": 99.0}} | fields)


def sent_in(p: Partition, data: RecordRedriven, at: float = 1000.0):
    return p.event(at, "record.redriven", "default/telemetry", data)


def put_in_force(p: Partition, version: int, **changes) -> None:
    policy = default_policy()
    watch = structs.replace(policy.surveillance, **changes)
    policy = structs.replace(policy, version=version, surveillance=watch)
    plain = msgspec.to_builtins(policy)
    data = PolicyChanged(policy.version, policy_hash(policy), plain, "tests")
    p.event(900.0, "policy.changed", "default/policy", data)


def test_a_record_that_found_no_room_registers_its_agent_once_there_is():
    p = Partition()
    put_in_force(p, 2, max_agents_per_partition=1)
    p.beat(950.0, "first", metrics={"q": 1})
    refused = only(p.beat(STAMPED, "late", metrics={"q": 1}), "record.dead_lettered")
    assert refused[0]["reason"] == "agent_limit"
    (still,) = only(sent_in(p, letter(beat())), "record.redrive_refused")
    assert (still["letter_id"], still["reason"]) == ("letter-1", "agent_limit")
    put_in_force(p, 3, max_agents_per_partition=2)
    found = sent_in(p, letter(beat(labels={"rack": "7"}), "letter-2"))
    (registered,) = only(found, "agent.registered")
    assert (registered["agent_id"], registered["labels"]) == ("late", {"rack": "7"})
    assert only(found, "record.readmitted") == [{"letter_id": "letter-2", "agent": "default/late"}]


def test_a_letter_is_redriven_once():
    p = Partition()
    assert only(sent_in(p, letter(beat())), "record.readmitted")
    assert sent_in(p, letter(beat())) == []
    assert sent_in(p, letter(beat(), "letter-2"))


def test_what_is_still_bad_is_a_new_letter_with_the_same_bytes():
    p = Partition()
    data = letter(b"no JSON")
    ((name, told),) = sent_in(p, data)
    assert name == "record.redrive_refused"
    assert told["reason"] == "malformed_json"
    given = msgspec.to_builtins(data)
    for field in ("letter_id", "topic", "partition", "offset", "stamped", "value", "headers"):
        assert told[field] == given[field]


@pytest.mark.parametrize(
    ("value", "kind", "reason"),
    [
        (beat(metrics={"up": 1}), None, "reserved_metric"),
        (beat(tenant_id="other"), None, "foreign_tenant"),
        (beat(at=STAMPED + 9000), None, "clock_out_of_range"),
        (beat(metrics={"q": 1e200}), None, "invalid_metric_value"),
        (beat(metrics={f"m{i}": 1 for i in range(250)}), None, "metric_limit"),
        (b'{"tick": 5}', RecordKind.TICK, "not_redrivable"),
        (b"{}", RecordKind.EVENT, "not_redrivable"),
        (b"{}", RecordKind.FORWARD, "malformed_forward"),
    ],
)
def test_what_was_refused_for_a_reason_is_refused_again(value, kind, reason):
    p = Partition()
    put_in_force(p, 2, clock=ClockPolicy(outside="dead_letter"))
    p.beat(950.0, metrics={f"k{i}": 1 for i in range(20)}, agent="late")
    assert [
        d["reason"] for d in only(sent_in(p, letter(value, kind=kind)), "record.redrive_refused")
    ] == [reason]


def test_a_forged_signature_stays_forged():
    p = Partition()
    data = letter(beat(tenant_id="other"), kind=RecordKind.TELEMETRY)
    forged = structs.replace(data, value=base(beat("else", tenant_id="other")))
    assert only(sent_in(p, forged), "record.redrive_refused")[0]["reason"] == "bad_signature"
    assert only(sent_in(p, data), "record.readmitted") == []  # the letter was redriven
    other = structs.replace(data, letter_id="letter-2")
    assert only(sent_in(p, other), "record.readmitted")[0]["agent"] == "other/late"


def test_it_trains_nothing_and_is_no_sign_of_life():
    left, right = Partition(), Partition()
    for p in (left, right):
        for second in range(0, 300, 5):
            p.beat(700.0 + second, metrics={"cpu_usage": 20.0 + second % 3})
    found = sent_in(left, letter(beat("a1")))
    right.event(1000.0, "record.redriven", "default/telemetry", letter(b"no JSON"))
    assert [name for name, _ in found] == ["record.readmitted"]
    assert left.step.dump(left.state) == right.step.dump(right.state)


def test_labels_count_unless_a_later_record_said_something_else():
    p = Partition()
    p.beat(50.0, metrics={"q": 1}, labels={"version": "1"})
    found = sent_in(p, letter(beat("a1", labels={"version": "2"})))
    assert only(found, "agent.labelled")[0]["labels"] == {"version": "2"}
    p.beat(1001.0, metrics={"q": 1}, labels={"version": "3"})
    late = sent_in(p, letter(beat("a1", labels={"version": "1"}), "letter-2"), 1002.0)
    assert [name for name, _ in late] == ["record.readmitted"]


def test_an_agent_of_another_partition_is_not_taken_in():
    home = partition_for(b"default/late", 4)
    foreign, own = Partition((home + 1) % 4, 4), Partition(home, 4)
    refused = only(sent_in(foreign, letter(beat())), "record.redrive_refused")
    assert refused[0]["reason"] == "foreign_partition"
    assert only(sent_in(own, letter(beat())), "record.readmitted")


def test_a_forward_that_was_refused_at_home_is_opened():
    home = partition_for(b"default/late", 4)
    away, own = Partition((home + 1) % 4, 4), Partition(home, 4)
    (forward,) = away.read(STAMPED, beat())
    told = [(name, base(content)) for name, content in forward.headers]
    place = ("telemetry", home, 9, STAMPED)
    data = RecordRedriven("l", "ada", *place, base(forward.key or b""), base(forward.value), told)
    assert only(sent_in(own, data), "record.readmitted")[0]["agent"] == "default/late"


def test_redrives_are_remembered_in_snapshots_up_to_a_number():
    p = Partition()
    for number in range(redrive.KEPT + 5):
        sent_in(p, letter(b"", f"letter-{number}"))
    p.state = snapshot.load(p.context, in_parts(snapshot.dump(p.state)))
    assert len(p.state.seen) == redrive.KEPT
    assert sent_in(p, letter(b"", f"letter-{redrive.KEPT + 4}")) == []
    assert sent_in(p, letter(b"", "letter-0"))  # by then the API knows that it was redriven
