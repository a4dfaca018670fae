"""Messages of conversations leave by the heartbeat client as any heartbeat does."""

from __future__ import annotations

from pathlib import Path

from streams.contracts.message import MAX_TEXT, Message
from streams.contracts.telemetry import decode_heartbeat
from streams.producers.heartbeat import HeartbeatClient
from streams.producers.heartbeat.buffer import Buffer
from tests.ports import free_port


def test_what_is_said_waits_for_its_receiver_like_any_heartbeat(tmp_path: Path) -> None:
    spill = tmp_path / "spill"
    client = HeartbeatClient("bot-1", api=f"http://127.0.0.1:{free_port()}", token="t", spill=spill)
    assert client.message("Hello.", "c-17", finish="stop", latency_ms=12.5, tokens=3)
    assert client.message("Who is it?", "c-17", "user")
    assert not client.message("x" * (MAX_TEXT + 1), "c-17")
    assert not client.message("x", "no such id")
    assert not client.message('"' * MAX_TEXT * 2, "c-17")
    assert client.counters.invalid == 3
    client.close(0.05)
    kept = Buffer()
    kept.load(spill)
    first, second = (decode_heartbeat(value) for value in kept.take(10))
    assert first.message == Message("c-17", "Hello.", "assistant", "stop", 12.5, 3)
    assert second.message == Message("c-17", "Who is it?", "user")
    assert (first.metrics, first.sequence, second.sequence) == ({}, 0, 1)
    assert not client.message("too late", "c-17")
