"""The same log gives the same decisions, field by field, today as when it was recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from processors.decision.step import decision
from processors.governor.step import governor
from processors.step import Context, Sealer
from streams.contracts.record import Outgoing, Record
from streams.contracts.trust import RecordKind
from tests.histories.decision.histories import FOLDER
from tests.histories.kept import lines
from tests.properties.loop import PARTITIONS, SIGNER

FILES = sorted(FOLDER.glob("*.jsonl"))
STEPS = {step.name: step for step in (decision(), governor())}


def record_of(kept: dict[str, Any], topic: str, partition: int, offset: int) -> Record:
    value = json.dumps(kept["read"]).encode()
    key = kept["key"].encode() if kept["key"] else None
    made = SIGNER.sign(Outgoing(topic, key, value), RecordKind(kept["kind"]))
    return Record(topic, partition, offset, kept["timestamp"], key, value, made.headers)


def place(written: dict[str, Any]) -> tuple[str, str]:
    return written["topic"], written["wrote"]["sequence"]


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_recorded_history_is_decided_the_same(path: Path, size: int) -> None:
    head, *rest = lines(path)
    step = STEPS[head["step"]]
    assert step.version == head["version"]
    topic, partition = step.inbox.name, head["partition"]
    context = Context(topic, partition, 1 if step.inbox.single else PARTITIONS, SIGNER)
    read = [kept for kept in rest if "read" in kept]
    records = [record_of(kept, topic, partition, offset) for offset, kept in enumerate(read)]
    state = step.initial(context)
    emissions = []
    for start in range(0, len(records), size):
        emissions += step.apply(state, records[start : start + size])
    written = [
        {"topic": record.topic, "wrote": json.loads(record.value)}
        for record in Sealer(step.name, context).seal(emissions)
    ]
    recorded = [kept for kept in rest if "wrote" in kept]
    assert sorted(written, key=place) == sorted(recorded, key=place)


def test_the_histories_hold_the_whole_life_of_actions() -> None:
    assert len(FILES) == 9
    kinds = {kept["wrote"]["type"] for path in FILES for kept in lines(path) if "wrote" in kept}
    assert kinds >= {
        "action.proposed",
        "action.withheld",
        "action.granted",
        "action.queued",
        "action.refused",
        "action.approval_refused",
        "action.awaiting_approval",
        "action.preview",
        "action.preview_refused",
        "action.carry_out",
        "action.concluded",
        "finding.raised",
        "finding.changed",
        "finding.ended",
    }
