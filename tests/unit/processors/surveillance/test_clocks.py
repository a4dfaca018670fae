"""Clocks that are wrong are told of; heartbeats that are merely late are not."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from streams.contracts.events.finding import AcceptanceRequested
from streams.contracts.partitioning import partition_for
from tests.unit.processors.surveillance.test_step import Partition, events, only

BEGIN = 1_700_000_040.0
Found = list[tuple[str, dict[str, Any]]]


class Sender:
    """An agent that reports every ten seconds; `found` keeps what was told of it."""

    def __init__(self) -> None:
        self.partition, self.now, self.found = Partition(), BEGIN, Found()

    def arrives(self, measured: float | str | None) -> None:
        beat = {"agent_id": "a1", "metrics": {"q": 1.0}, "at": measured}
        self.found += events(self.partition.read(self.now, msgspec.json.encode(beat)))

    def live(self, minutes: float, clock: Callable[[float], float | None]) -> None:
        """Report for some minutes; `clock` makes of the time what the sender says it is."""
        until = self.now + 60.0 * minutes
        while self.now < until:
            self.arrives(clock(self.now))
            self.now += 10.0

    def raised(self) -> list[dict[str, Any]]:
        return [f for f in only(self.found, "finding.raised") if f["kind"] == "clock_skew"]

    def ended(self) -> list[str]:
        return [f["reason"] for f in only(self.found, "finding.ended") if f["kind"] == "clock_skew"]


@pytest.mark.parametrize("off", [12.0, 600.0, 7200.0, -90.0, -5400.0])
def test_a_clock_that_is_off_is_told_with_its_offset_until_it_is_right(off: float) -> None:
    sender = Sender()
    sender.live(10, lambda now: now - 0.2)
    changed = sender.now
    sender.live(20, lambda now: now - 0.2 + off)
    [found] = sender.raised()
    assert found["value"] == pytest.approx(off, abs=0.3)
    assert changed <= found["since"] <= changed + 60.0
    assert ("ahead of" in found["summary"]) == (off > 0)
    assert ("local time" in found["summary"]) == (abs(off) >= 3600.0)
    sender.live(5, lambda now: now - 0.2)
    assert sender.ended() == ["recovered"]


def test_heartbeats_that_wait_are_late_and_no_clock_is_wrong() -> None:
    sender, draw = Sender(), random.Random(1)
    sender.live(10, lambda now: now - 0.2)
    sender.live(120, lambda now: now - (40.0 * draw.random() if draw.random() < 0.4 else 0.2))
    # Half an hour was kept back, and then comes at three times the speed.
    kept = sender.now
    sender.now += 1800.0
    sender.live(15, lambda now: kept + 3.0 * (now - kept - 1800.0))
    sender.live(10, lambda now: now - 0.2)
    assert sender.raised() == []


def test_the_usual_way_is_learnt_and_a_sender_without_a_clock_is_never_wrong() -> None:
    relayed, plain = Sender(), Sender()
    relayed.live(60, lambda now: now - 30.0)
    plain.live(60, lambda _: None)
    assert relayed.raised() == plain.raised() == []


def test_a_person_may_take_it_for_the_usual_way() -> None:
    sender = Sender()
    sender.live(30, lambda now: now - 600.0)
    [found] = sender.raised()
    asked = AcceptanceRequested(found["finding_id"], "a batch every ten minutes", "ana")
    sender.found += sender.partition.event(
        sender.now, "finding.acceptance_requested", "default/a1", asked
    )
    sender.live(60, lambda now: now - 600.0)
    assert len(sender.raised()) == 1
    assert sender.ended() == ["new_normal"]


def test_what_is_counted_survives_a_snapshot() -> None:
    whole, cut = Sender(), Sender()
    for sender in (whole, cut):
        sender.live(2, lambda now: now + 600.0)
        if sender is cut:
            step, state = cut.partition.step, cut.partition.state
            cut.partition.state = step.load(cut.partition.context, step.dump(state))
        sender.live(4, lambda now: now + 600.0)
    assert whole.raised() == cut.raised()
    assert len(whole.raised()) == 1


def test_a_heartbeat_that_was_moved_home_tells_of_its_clock_as_well() -> None:
    names = (f"a{n}" for n in range(20))
    agent = next(name for name in names if partition_for(f"default/{name}".encode(), 2) == 1)
    first, home, found = Partition(0, 2), Partition(1, 2), Found()
    for n in range(40):
        now = BEGIN + 10.0 * n
        beat = {"agent_id": agent, "metrics": {"q": 1.0}, "at": now + 300.0}
        [moved] = first.read(now, msgspec.json.encode(beat))
        found += events(home.read(now + 2.0, moved.value, None, moved.headers, moved.key))
    [raised] = [f for f in only(found, "finding.raised") if f["kind"] == "clock_skew"]
    assert raised["value"] == pytest.approx(300.0)


def test_no_clock_is_wrong_where_the_log_goes_on_from_one_that_was() -> None:
    """Its ticks are an hour ahead of the broker's clock, which was set back."""
    sender = Sender()
    for _ in range(20):
        sender.found += sender.partition.tick(sender.now + 3600.0)
        sender.live(1, lambda now: now if int(now) % 60 else None)
    assert not sender.raised()
