"""The same log of telemetry gives the same facts, byte for byte, as when it was recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from processors.surveillance.step import Surveillance
from tests.histories.kept import lines, recorded
from tests.histories.surveillance.surveillance_histories import (
    FOLDER,
    HISTORIES,
    history_of,
    written,
)

FILES = sorted(FOLDER.glob("*.jsonl"))


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_recorded_history_is_folded_to_the_same_bytes(path: Path, size: int) -> None:
    records = recorded(path, "telemetry")
    assert history_of(records, written(records, size)) == path.read_bytes()


def test_every_history_is_recorded() -> None:
    assert {path.stem for path in FILES} == set(HISTORIES)


def test_the_histories_hold_every_kind_of_fact() -> None:
    facts = [json.loads(kept["wrote"]) for path in FILES for kept in lines(path) if "wrote" in kept]
    assert {fact["type"] for fact in facts} == {kind.name for kind in Surveillance().writes}
    reasons = {fact["data"].get("reason") for fact in facts}
    assert reasons >= {
        "first_heartbeat", "heartbeat_missed", "heartbeat_returned", "bad_signature",
        "reserved_metric", "foreign_tenant", "already_there", "illegal_transition",
        "decommissioned", "unknown_agent", "agent_gone", "recovered", "new_normal",
    }  # fmt: skip
