"""What every folding step owes: trust, order, time, policies, snapshots."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from config.policy import default_policy
from processors.decision.step import decision
from processors.fold import FoldStep, Message, PolicyInForce
from processors.governor.step import governor
from processors.step import Context, Fact, Sealer
from streams.contracts.envelope import decode_event
from streams.contracts.record import Outgoing, Record
from streams.contracts.telemetry import encode_tick
from streams.contracts.topics import GOVERNANCE
from streams.contracts.trust import RecordKind
from tests.properties.loop import SIGNER, Loop


def filled() -> Loop:
    loop = Loop()
    for number in range(5):
        loop.down(f"s{number}", f"f{number}", group="shop")
        loop.pump()
    loop.finish(loop.commands()[0], "failed")
    loop.tick(12)
    return loop


def inboxes(loop: Loop) -> list[tuple[FoldStep, Context, list[Record]]]:  # type: ignore[type-arg]
    found = []
    for worker in loop.workers():
        place = (worker.step.inbox.name, worker.context.partition)
        found.append((worker.step, worker.context, loop.logs.get(place, [])))
    return found


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_cut_into_fetches_changes_neither_facts_nor_state(size: int) -> None:
    loop = filled()
    for worker, (step, context, records) in zip(loop.workers(), inboxes(loop), strict=True):
        state, written = step.initial(context), []
        for start in range(0, len(records), size):
            written += step.apply(state, records[start : start + size])
        assert step.dump(state) == step.dump(worker.state)
        sealed = Sealer(step.name, context).seal(written)
        for record in sealed:
            assert any(
                kept.value == record.value
                for (topic, _), log in loop.logs.items()
                if topic == record.topic
                for kept in log
            )


def test_a_snapshot_taken_anywhere_leads_to_the_same_state() -> None:
    loop = filled()
    for worker, (step, context, records) in zip(loop.workers(), inboxes(loop), strict=True):
        for cut in range(len(records) + 1):
            state = step.initial(context)
            step.apply(state, records[:cut])
            state = step.load(context, step.dump(state))
            step.apply(state, records[cut:])
            assert step.dump(state) == step.dump(worker.state)


def test_a_redelivered_fact_is_folded_once() -> None:
    loop = filled()
    step, context, records = inboxes(loop)[-1]
    proposal = next(r for r in records if b'"action.proposed"' in (r.value or b""))
    state = step.initial(context)
    assert step.apply(state, [proposal])
    again = proposal._replace(offset=proposal.offset + 1000)
    assert step.apply(state, [again]) == []


class Counted(msgspec.Struct):
    count: int = 0


def counting() -> FoldStep[Counted]:
    """Return a step that counts every event it is given, and knows none of them by itself."""

    def count(state: Counted, message: Message, fact: Fact | None, _policy: PolicyInForce) -> None:
        state.count += message.event is not None and fact is None

    return FoldStep(
        name="counting", version=1, inbox=GOVERNANCE, writes=(), state=Counted,
        decide=lambda *_: (), evolve=count, earliest=lambda _: None,
    )  # fmt: skip


def test_a_copy_is_known_by_where_its_fact_was_caused() -> None:
    records = [r for r in inboxes(filled())[-1][2] if b'"action.proposed"' in (r.value or b"")]
    copies = [r._replace(offset=r.offset + 1000) for r in records]
    step = counting()
    state = step.initial(Context("governance", 0, 1, SIGNER))
    assert len(records) == 6
    for written, counted in (records[:2], 2), (copies[:2], 2), (records[2:], 6), (copies, 6):
        step.apply(state, written)
        assert state.inner.count == counted


def record(value: bytes, headers: tuple[tuple[str, bytes], ...] = ()) -> Record:
    return Record("decisions", 0, 3, 5.0, b"default/a", value, headers)


def signed(value: bytes) -> Record:
    made = SIGNER.sign(Outgoing("decisions", b"default/a", value))
    return record(value, made.headers)


def event_with(**changes: object) -> bytes:
    loop = Loop()
    loop.down("a", "f")
    (log,) = (log for (topic, _), log in loop.logs.items() if topic == "decisions")
    return msgspec.json.encode(msgspec.json.decode(log[0].value or b"") | changes)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (record(b"{}"), "unsigned_record"),
        (record(b"{}", (("hs-kind", b"event"), ("hs-mac", b"forged"))), "bad_signature"),
        (signed(b"not json"), "malformed_event"),
        (signed(b"{}"), "malformed_event"),
        (signed(event_with(data={"kind": 1})), "malformed_event"),
        (signed(event_with(position="nowhere")), "malformed_event"),
        (signed(event_with(dataschema="/schemas/finding.raised/99")), "version_from_the_future"),
        (signed(event_with(dataschema="")), "unknown_dataschema"),
        (
            signed(event_with(type="policy.changed", dataschema="/schemas/policy.changed/1",
                              data={"version": 2, "hash": "", "changed_by": "",
                                    "policy": {"limits": {"typo": 1}}})),
            "invalid_policy",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_used_becomes_a_dead_letter_with_its_reason(
    broken: Record, reason: str
) -> None:
    step = decision()
    context = Context("decisions", 0, 2, SIGNER)
    state = step.initial(context)
    (emission,) = step.apply(state, [broken])
    assert emission.offset == 3
    sealed = Sealer(step.name, context).seal([emission])
    letter = decode_event(sealed[0].value)
    assert letter.type == "record.dead_lettered"
    assert letter.data["reason"] == reason
    assert (letter.data["topic"], letter.data["offset"]) == ("decisions", 3)


def test_time_never_runs_backwards() -> None:
    step = governor()
    context = Context("governance", 0, 1, SIGNER)
    state = step.initial(context)
    for moment in (50.0, 20.0):
        tick = SIGNER.sign(Outgoing("governance", None, encode_tick(moment)), RecordKind.TICK)
        step.apply(state, [Record("governance", 0, 0, 1.0, None, tick.value, tick.headers)])
    assert state.time == 50.0


def test_an_earlier_policy_is_a_late_copy() -> None:
    loop = Loop(replace(default_policy(), version=7))
    loop.policy(replace(default_policy(), version=3))
    assert [w.state.in_force.policy.version for w in loop.workers()] == [7, 7, 7]


def test_a_generator_sees_what_it_has_decided() -> None:
    """The governor fills three slots from one message without counting them itself."""
    loop = Loop()
    for number in range(9):
        loop.down(f"s{number}", f"f{number}", host=f"h{number}")
    loop.pump()
    for command in loop.commands():
        loop.finish(command)
    loop.pump()
    assert len(loop.commands()) == 6
    assert len(list(loop.governor.state.inner.running())) == 3
