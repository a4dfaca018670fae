"""What people ask for is done once, however often the request is written."""

from __future__ import annotations

import pytest

from processors import wishes
from processors.surveillance.step import Surveillance
from processors.wishes import is_first
from streams.contracts.envelope import API
from streams.contracts.events.action import ActionRequested
from streams.contracts.events.agent import LifecycleRequested
from streams.contracts.record import Outgoing
from streams.contracts.telemetry import Heartbeat, encode_heartbeat
from tests.properties.loop import PARTITIONS, Loop, Worker

KEY = "default/web-1"


def proposals(loop: Loop) -> int:
    return len(loop.events("action.proposed"))


def test_a_request_that_is_written_again_leads_to_one_proposal() -> None:
    loop = Loop()
    asked = ActionRequested("service.restart", KEY, {}, "ann")
    for identity in ("one", "one", "two"):
        loop.send("action.requested", KEY, asked, id=identity, source=API)
    loop.pump()
    assert proposals(loop) == 2


def test_it_is_remembered_in_the_snapshot() -> None:
    loop = Loop()
    asked = ActionRequested("service.restart", KEY, {}, "ann")
    loop.send("action.requested", KEY, asked, id="one", source=API)
    loop.pump()
    for worker in loop.workers():
        worker.snapshot()
        worker.crash()
    loop.send("action.requested", KEY, asked, id="one", source=API)
    loop.pump()
    assert proposals(loop) == 1


def test_a_transition_is_asked_for_once() -> None:
    loop = Loop()
    workers = [Worker(Surveillance(), p, PARTITIONS) for p in range(PARTITIONS)]
    heartbeat = encode_heartbeat(Heartbeat("web-1", {"cpu_usage": 1.0}))
    loop.append(Outgoing("telemetry", KEY.encode(), heartbeat))
    for _ in range(2):
        wish = LifecycleRequested("maintenance", "disk", "ann")
        loop.send("agent.lifecycle_requested", KEY, wish, id="one", source=API)
    told = [
        record
        for worker in workers
        for record in worker.fold(loop.logs.get(("telemetry", worker.context.partition), []))
        if b"agent.transition_refused" in record.value or b'"maintenance"' in record.value
    ]
    assert len([record for record in told if record.topic == "fleet"]) == 1


def test_the_oldest_wish_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wishes, "KEPT", 2)
    seen = {"/steps/decision|decisions/0": (9, 0)}
    assert all(is_first(seen, name, offset) for offset, name in enumerate("abc"))
    assert [name for name in "abc" if not is_first(dict(seen), name, 9)] == ["b", "c"]
    assert seen["/steps/decision|decisions/0"] == (9, 0)
