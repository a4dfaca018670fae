"""The short way in and the long one lead to the same state and the same facts."""

from __future__ import annotations

import random
from datetime import UTC, datetime
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
    {"status": "idle", "agent_type": "agent"},
    {"sequence": 7},
    {"labels": {"host": "h-1"}},
    {"labels": {"host": "h-2"}, "at": 1_000_000_090.0},
    {"labels": {}},
    {"labels": {"no name!": "x"}},
    {"agent_type": "worker"},
    {"tenant_id": "other"},
    {"at": 1_000_000_030.0},
    {"at": 1_000_000_120, "status": "active"},
    {"at": "2001-09-09T01:48:00Z", "agent_type": "worker"},
    {"at": 900.0},
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
    monkeypatch.setattr(usual, "take", lambda state, batch, records, said, first: first)
    long = step.initial(CONTEXT)
    assert step.apply(long, records) == told
    assert step.dump(long) == step.dump(short)


def _usual_ones(step: Surveillance, records: list[Record]) -> int:
    """Count what takes the short way once every agent is known."""
    state = step.initial(CONTEXT)
    step.apply(state, records)
    batch = Batch()
    said, place = usual.read(state, records), 0
    while place < len(records):
        place = usual.take(state, batch, records, said, place) + 1
    return len(batch.records)


def test_most_heartbeats_take_the_short_way() -> None:
    records = log(1)
    assert _usual_ones(Surveillance(), records) > 0.55 * len(records)


def test_to_say_again_when_how_and_what_one_is_is_usual() -> None:
    records = []
    for offset in range(300):
        heartbeat = {"agent_id": f"agent-{offset % 7}", "metrics": dict.fromkeys(METRICS, offset)}
        if offset % 3:
            heartbeat |= {"at": 1e9 + offset, "status": "busy", "agent_type": "host"}
            heartbeat |= {"labels": {"rack": "r-1"}}
        if offset % 2:
            heartbeat |= {"at": datetime.fromtimestamp(1e9 + offset, UTC).isoformat()}
        value = msgspec.json.encode(heartbeat)
        records.append(Record("telemetry", 0, offset, 1e9 + offset, None, value))
    assert _usual_ones(Surveillance(), records) == len(records)


def test_agents_of_several_shapes_take_the_short_way_together() -> None:
    shapes = (("cpu_usage",), ("cpu_usage", "latency.p99"), ("a:b", "c/d", "e-f", *METRICS))
    records = []
    for offset in range(300):
        shape = shapes[offset % 3]
        heartbeat = {"agent_id": f"agent-{offset % 9}", "metrics": dict.fromkeys(shape, offset)}
        value = msgspec.json.encode(heartbeat)
        records.append(Record("telemetry", 0, offset, 1e9, None, value))
    assert _usual_ones(Surveillance(), records) == len(records)


def test_the_order_of_metrics_says_nothing() -> None:
    step, states = Surveillance(), []
    for turn in (1, -1):
        records = []
        for offset in range(200):
            names = METRICS if offset % 5 else METRICS[::turn]
            metrics = {name: float((offset * len(name)) % 17) for name in names}
            value = msgspec.json.encode({"agent_id": f"a-{offset % 4}", "metrics": metrics})
            records.append(Record("telemetry", 0, offset, 1e9 + offset, None, value))
        first, rest = records[1:5], records[5:]  # of the usual order, or the shape is another
        state = step.initial(CONTEXT)
        step.apply(state, first)
        for record in rest[:100]:
            step.apply(state, [record])
        step.apply(state, rest[100:])
        states.append(step.dump(state))
    assert states[0] == states[1]
