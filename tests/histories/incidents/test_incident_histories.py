"""The same findings make the same incidents, byte for byte, as when they were recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streams.contracts.events.incident import REASONS
from tests.histories.incidents.incident_histories import FOLDER, HISTORIES, history_of, written
from tests.histories.kept import lines, recorded

FILES = sorted(FOLDER.glob("*.jsonl"))


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_recorded_history_is_folded_to_the_same_bytes(path: Path, size: int) -> None:
    records = recorded(path, "correlation")
    assert history_of(records, written(records, size)) == path.read_bytes()


def test_every_history_is_recorded() -> None:
    assert {path.stem for path in FILES} == set(HISTORIES)


def test_the_histories_hold_every_reason_there_is() -> None:
    facts = [json.loads(kept["wrote"]) for path in FILES for kept in lines(path) if "wrote" in kept]
    told = [fact["data"] for fact in facts]
    members = [member for data in told for member in data.get("members", ())]
    assert {member["because"] for member in members} == set(REASONS)
    assert {data.get("reason") for data in told} >= {"quiet", "merged", "evicted"}
    assert any(data.get("coordinated") for data in told)
