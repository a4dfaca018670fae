"""The same log gives the same decisions, byte for byte, today as when it was recorded."""

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
from tests.properties.loop import PARTITIONS, SIGNER

FILES = sorted(FOLDER.glob("*.json"))
STEPS = {step.name: step for step in (decision(), governor())}


def record_of(kept: dict[str, Any], topic: str, partition: int, offset: int) -> Record:
    value = json.dumps(kept["value"]).encode()
    key = kept["key"].encode() if kept["key"] else None
    made = SIGNER.sign(Outgoing(topic, key, value), RecordKind(kept["kind"]))
    return Record(topic, partition, offset, kept["timestamp"], key, value, made.headers)


def _place(written: dict[str, Any]) -> tuple[str, str]:
    return written["topic"], written["event"]["sequence"]


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_recorded_history_is_decided_the_same(path: Path, size: int) -> None:
    history = json.loads(path.read_text(encoding="utf-8"))
    step = STEPS[history["step"]]
    assert step.version == history["version"]
    topic, partition = step.inbox.name, history["partition"]
    context = Context(topic, partition, 1 if step.inbox.single else PARTITIONS, SIGNER)
    records = [
        record_of(kept, topic, partition, offset) for offset, kept in enumerate(history["inbox"])
    ]
    state = step.initial(context)
    emissions = []
    for start in range(0, len(records), size):
        emissions += step.apply(state, records[start : start + size])
    written = [
        {"topic": record.topic, "event": json.loads(record.value)}
        for record in Sealer(step.name, context).seal(emissions)
    ]
    assert sorted(written, key=_place) == sorted(history["written"], key=_place)
    assert json.loads(step.dump(state)) == history["state"]


def test_the_histories_are_not_empty() -> None:
    assert len(FILES) == 9
    kinds = {
        event["event"]["type"]
        for path in FILES
        for event in json.loads(path.read_text(encoding="utf-8"))["written"]
    }
    assert kinds >= {
        "action.proposed",
        "action.withheld",
        "action.granted",
        "action.queued",
        "action.refused",
        "action.approval_refused",
        "action.awaiting_approval",
        "action.concluded",
        "finding.raised",
        "finding.changed",
        "finding.ended",
    }
