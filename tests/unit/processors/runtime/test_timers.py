"""A due time is announced once, and again only when it moves earlier or the tick was there."""

from __future__ import annotations

import msgspec

from processors.runtime.lane import Lane
from processors.runtime.timers import announcement
from processors.step import Context
from streams.contracts.envelope import decode_event
from streams.contracts.events.system import TimerSet
from streams.contracts.record import Record
from streams.contracts.trust import RecordKind
from tests.end_to_end.counting import SIGNER, Counting


def lane() -> Lane:
    step, context = Counting(), Context("telemetry", 3, 4, SIGNER)
    return Lane(step, context, step.initial(context), 0)


def announced(lane: Lane, due: float | None, at: float, offset: int = 0) -> float | None:
    lane.state.due = due
    out = announcement(lane, Record("telemetry", 3, offset, at, None, b""))
    if out is None:
        return None
    record = Record(out.topic, 0, 0, at, out.key, out.value, out.headers)
    assert SIGNER.kind_of(record) is RecordKind.EVENT
    timer = msgspec.convert(decode_event(out.value).data, TimerSet)
    assert (timer.inbox, timer.partition) == ("telemetry", 3)
    return timer.due


def test_only_an_earlier_due_time_is_announced() -> None:
    one = lane()
    assert announced(one, 10.0, at=1.0) == 10.0
    assert announced(one, 12.0, at=2.0) is None
    assert announced(one, 8.0, at=3.0) == 8.0


def test_the_next_one_is_announced_when_the_first_has_come() -> None:
    one = lane()
    announced(one, 10.0, at=1.0)
    assert announced(one, 15.0, at=10.1) == 15.0


def test_a_timer_that_stays_due_is_left_to_the_regular_ticks() -> None:
    one = lane()
    announced(one, 10.0, at=1.0)
    assert announced(one, 10.0, at=10.1) is None


def test_nothing_waits_nothing_is_said() -> None:
    assert announced(lane(), None, at=1.0) is None


def test_ids_follow_from_what_was_read() -> None:
    def identity(offset: int) -> str:
        one = lane()
        one.state.due = 5.0
        out = announcement(one, Record("telemetry", 3, offset, 1.0, None, b""))
        assert out is not None
        return decode_event(out.value).id

    assert identity(1) == identity(1)
    assert identity(1) != identity(2)
