"""The short way in and the long one lead to the same state and the same facts."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from processors.step import Context
from processors.surveillance import usual
from processors.surveillance.batch import Batch
from processors.surveillance.step import Surveillance
from streams.contracts.record import Record
from tests.end_to_end.counting import SIGNER

CONTEXT = Context("telemetry", 0, 1, SIGNER)
METRICS = ("cpu_usage", "memory_usage", "latency_ms")
ODDITIES: tuple[dict[str, Any], ...] = (
    {"status": "busy"},
    {"status": "asleep"},
    {"sequence": 7},
    {"labels": {"host": "h-1"}},
    {"agent_type": "worker"},
    {"tenant_id": "other"},
    {"at": 1_000_000_030.0},
    {"at": "yesterday"},
    {"metrics": {}},
    {"metrics": {"up": 0.0}},
    {"metrics": {"cpu_usage": 1e200, "memory_usage": 1.0, "latency_ms": 2.0}},
    {"metrics": {"latency_ms": 1.0, "cpu_usage": 2.0}},
    {"agent_id": "new one!"},
    {"message": {"conversation_id": "c", "text": "hello"}},
)


def log(seed: int, count: int = 400) -> list[Record]:
    """Return heartbeats of six agents, one in four of which says more than values."""
    drawn, records = random.Random(seed), []
    for offset in range(count):
        heartbeat: dict[str, Any] = {
            "agent_id": f"agent-{drawn.randrange(6)}",
            "metrics": {metric: drawn.gauss(40.0, 3.0) for metric in METRICS},
        }
        if drawn.random() < 0.25:
            heartbeat |= drawn.choice(ODDITIES)
        value = msgspec.json.encode(heartbeat)
        value = drawn.choice((b"", b"{", value[:-1])) if drawn.random() < 0.05 else value
        stamp = 1e9 + offset * 0.7 - drawn.choice((0.0, 0.0, 3.0))
        records.append(Record("telemetry", 0, offset, stamp, None, value))
    return records


@pytest.mark.parametrize("seed", range(6))
def test_the_long_way_comes_to_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    step, records = Surveillance(), log(seed)
    short = step.initial(CONTEXT)
    told = step.apply(short, records)
    monkeypatch.setattr(usual, "take", lambda state, batch, records, first: (first, None))
    long = step.initial(CONTEXT)
    assert step.apply(long, records) == told
    assert step.dump(long) == step.dump(short)


def test_most_heartbeats_take_the_short_way() -> None:
    step, records = Surveillance(), log(1)
    state = step.initial(CONTEXT)
    step.apply(state, records)
    batch = Batch()
    usual_ones, place = 0, -1
    while place < len(records) - 1:
        first = place + 1
        place, _ = usual.take(state, batch, records, first)
        usual_ones += place - first
    assert usual_ones == len(batch.records)
    assert usual_ones > 0.6 * len(records)
