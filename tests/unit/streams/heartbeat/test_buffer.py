"""The buffer: bounded, in order, and nothing lost without being counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.producers.heartbeat.buffer import Buffer


def filled(*items: bytes, **bounds: int) -> Buffer:
    buffer = Buffer(**bounds)
    for item in items:
        buffer.append(item)
    return buffer


def test_the_oldest_is_dropped_by_count() -> None:
    buffer = filled(b"1", b"2", b"3", max_count=2)
    assert buffer.take(9) == [b"2", b"3"]
    assert buffer.dropped == 1


def test_the_oldest_is_dropped_by_size() -> None:
    buffer = filled(b"aaaa", b"bbbb", b"cc", max_bytes=6)
    assert buffer.take(9) == [b"bbbb", b"cc"]


def test_what_is_in_flight_is_not_dropped() -> None:
    buffer = filled(b"1", b"2", max_count=2)
    assert buffer.take(1) == [b"1"]
    buffer.append(b"3")
    assert buffer.take(9) == [b"1", b"3"]


def test_what_arrived_makes_room() -> None:
    buffer = filled(b"aaaa", max_bytes=6)
    assert buffer.take(1) == [b"aaaa"]
    buffer.settle()
    buffer.append(b"bbbb")
    assert (buffer.take(1), buffer.dropped) == ([b"bbbb"], 0)


def test_what_comes_back_keeps_its_order() -> None:
    buffer = filled(b"1", b"2")
    buffer.take(2)
    buffer.append(b"3")
    buffer.put_back()
    assert buffer.take(9) == [b"1", b"2", b"3"]


def test_the_rest_survives_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "spill"
    before = filled(b"1", b"2", b"3")
    before.take(1)
    before.save(path)
    after = Buffer()
    after.load(path)
    assert after.take(9) == [b"1", b"2", b"3"]
    after.settle()
    after.save(path)
    assert not path.exists()


def test_bounds_must_be_positive() -> None:
    with pytest.raises(ValueError, match="max_count=0"):
        Buffer(max_count=0)


@given(
    st.lists(st.sampled_from(["append", "take", "settle", "put_back"]), max_size=60),
    st.integers(1, 5),
)
def test_every_record_is_settled_waiting_or_counted(steps: list[str], bound: int) -> None:
    buffer, appended, settled = Buffer(max_count=bound), 0, []
    for step in steps:
        if step == "append":
            buffer.append(b"%d" % appended)
            appended += 1
        elif step == "take":
            buffer.take(3)
        elif step == "settle":
            settled += buffer._in_flight
            buffer.settle()
        else:
            buffer.put_back()
        assert appended == len(settled) + len(buffer) + buffer.dropped
    assert settled == sorted(settled, key=int)
