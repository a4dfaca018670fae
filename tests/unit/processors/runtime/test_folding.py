"""A record that cannot be folded is found and passed over; the state stays whole."""

from __future__ import annotations

import pytest

from processors.runtime.folding import TRIES, Sieve, fold
from processors.runtime.lane import Lane
from processors.step import Context
from streams.contracts.envelope import decode_event
from streams.contracts.record import Outgoing, Record
from streams.contracts.telemetry import Heartbeat, encode_heartbeat
from streams.contracts.trust import RecordKind
from tests.end_to_end.counting import POISON, SIGNER, Counting


class Forgiving(Counting):
    """Fails on poison a given number of times only."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self._left = failures

    def apply(self, state, records):
        try:
            return super().apply(state, records)
        except ArithmeticError:
            if self._left:
                self._left -= 1
                raise
            return []


def lane(step: Counting | None = None) -> Lane:
    step = step or Counting()
    context = Context("telemetry", 0, 1, SIGNER)
    return Lane(step, context, step.initial(context), 0)


def record(offset: int, agent: str, *, signed: bool = False) -> Record:
    value = encode_heartbeat(Heartbeat(agent, {"x": 1.0}))
    out = Outgoing("telemetry", f"default/{agent}".encode(), value)
    if signed:
        out = SIGNER.sign(out, RecordKind.EVENT)
    return Record("telemetry", 0, offset, 1.0, out.key, out.value, out.headers)


def types(sealed: list[Outgoing]) -> list[str]:
    return [
        decode_event(out.value).type
        for out in sealed
        if out.topic not in {"governance", "correlation"}
    ]


@pytest.mark.parametrize("at", range(7))
def test_the_poison_alone_is_passed_over_wherever_it_lies(at: int) -> None:
    records = [record(i, POISON if i == at else "a") for i in range(7)]
    sifted = lane()
    sealed = Sieve(sifted).fold(records)
    sound = lane()
    fold(sound, [r for r in records if r.offset != at])
    assert sifted.step.dump(sifted.state) == sound.step.dump(sound.state)
    assert (sifted.next, sifted.skipped, sifted.urgent) == (7, {at}, True)
    assert types(sealed)[at] == "record.dead_lettered"
    assert types(sealed).count("agent.labelled") == 6


def test_an_internal_record_is_skipped_on_the_record_and_an_outside_one_dead_lettered() -> None:
    sieve = Sieve(lane())
    sealed = sieve.fold([record(0, POISON, signed=True), record(1, POISON)])
    assert types(sealed) == ["record.skipped", "record.dead_lettered"]
    assert (sieve.skips, sieve.dead_letters) == (1, 1)


def test_a_forged_record_counts_as_from_outside() -> None:
    forged = record(0, POISON, signed=True)._replace(value=b"{}")
    sieve = Sieve(lane())
    assert types(sieve.fold([forged])) == ["record.dead_lettered"]


def test_a_failure_that_passes_is_no_reason_to_skip() -> None:
    tried = lane(Forgiving(TRIES - 1))
    assert Sieve(tried).fold([record(0, POISON)]) == []
    assert tried.skipped == set()


def test_folding_again_honours_what_was_skipped() -> None:
    again = lane()
    again.skipped = {1}
    fold(again, [record(0, "a"), record(1, POISON), record(2, "a")])
    assert again.state.counts == {"default/a": 2}


def test_what_an_earlier_version_said_is_not_said_again() -> None:
    newer = lane()
    newer.silent_before = 2
    sealed = fold(newer, [record(i, "a") for i in range(3)])
    said = [decode_event(out.value).position for out in sealed if out.topic == "fleet"]
    assert said == ["telemetry/0/2/0"]
    assert newer.state.counts == {"default/a": 3}


def test_the_position_stays_where_a_batch_fails() -> None:
    failing = lane()
    with pytest.raises(ArithmeticError):
        fold(failing, [record(0, "a"), record(1, POISON)])
    assert failing.next == 0
