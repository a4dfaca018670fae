"""When a checkpoint is due, by the inbox's own time."""

from __future__ import annotations

import pytest

from processors.runtime.checkpoints import EVERY_S, is_due
from processors.runtime.folding import fold
from processors.runtime.lane import Lane
from processors.step import Context
from streams.contracts.record import Record
from streams.contracts.telemetry import Heartbeat, encode_heartbeat
from tests.end_to_end.counting import SIGNER, Counting

T0 = 1_700_000_000.0


def lane(*, checkpoint_at: float | None = None, silent_before: int = 0) -> Lane:
    step = Counting()
    context = Context("telemetry", 0, 1, SIGNER)
    began = Lane(step, context, step.initial(context), 0, silent_before)
    began.checkpoint_at = checkpoint_at
    return began


def beat(offset: int, at: float) -> Record:
    value = encode_heartbeat(Heartbeat("a", {"x": 1.0}))
    return Record("telemetry", 0, offset, at, b"default/a", value, ())


def due_after(began: Lane, *at: float) -> list[bool]:
    found = []
    for offset, moment in enumerate(at):
        fold(began, [beat(offset, moment)])
        found.append(is_due(began))
    return found


def test_a_log_that_began_with_the_state_needs_none_for_a_day() -> None:
    assert not is_due(lane())
    assert due_after(lane(), T0, T0 + EVERY_S - 1, T0 + EVERY_S) == [False, False, True]


@pytest.mark.parametrize("since", [0.0, T0 - EVERY_S])
def test_a_state_that_began_in_the_midst_of_a_log_needs_one_at_once(since: float) -> None:
    assert due_after(lane(checkpoint_at=since), T0) == [True]


def test_there_is_none_of_what_an_earlier_version_said() -> None:
    assert due_after(lane(checkpoint_at=0.0, silent_before=2), T0, T0 + 1, T0 + 2) == [
        False,
        True,
        True,
    ]
