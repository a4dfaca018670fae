"""Snapshots survive chunks, compaction, zombies and forgery."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from processors.runtime import snapshot_format
from processors.runtime.snapshot_format import Assembly, Label, Snapshot, encode
from streams.contracts.record import Outgoing, Record
from streams.contracts.trust import Signer
from tests.end_to_end.counting import SIGNER

TOPIC = "snapshots.telemetry"


def written(
    position: int, *, version: int = 1, generation: int = 0, writer: str = "w", size: int = 10
) -> list[Outgoing]:
    data = random.Random(position).randbytes(size)
    label = Label("counting", version, position, writer, generation)
    return encode(Snapshot(label, data), TOPIC, 0, SIGNER)


def read(records: Sequence[Outgoing]) -> Assembly:
    assembly = Assembly(SIGNER)
    assembly.add(Record(TOPIC, 0, i, 0.0, r.key, r.value, r.headers) for i, r in enumerate(records))
    return assembly


def compacted(records: Sequence[Outgoing]) -> list[Outgoing]:
    return list({record.key: record for record in records}.values())


def test_point_8_the_highest_position_wins_however_late_a_zombie_writes() -> None:
    best = read(written(20, generation=1) + written(10, writer="zombie")).best("counting", 1)
    assert best is not None
    assert best.label.position == 20


def test_a_large_state_comes_back_from_its_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_format, "CHUNK", 1000)
    records = written(5, size=4500)
    assert len(records) == 5
    best = read(records).best("counting", 1)
    assert best is not None
    assert best.data == random.Random(5).randbytes(4500)


def test_an_interrupted_snapshot_leaves_the_one_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_format, "CHUNK", 1000)
    log = written(5, size=4500) + written(9, size=4500, generation=1)[:3]
    best = read(compacted(log)).best("counting", 1)
    assert best is not None
    assert best.label.position == 5


def test_another_version_is_not_loaded_but_known() -> None:
    assembly = read(written(7, version=1))
    assert assembly.best("counting", 2) is None
    old = assembly.superseded("counting", 2)
    assert old is not None
    assert (old.version, old.position) == (1, 7)


def test_a_forged_snapshot_is_passed_by() -> None:
    signer = Signer(b"another secret of sixteen")
    forged = encode(Snapshot(Label("counting", 1, 99, "f", 0), b"x"), TOPIC, 0, signer)
    best = read(written(3) + forged).best("counting", 1)
    assert best is not None
    assert best.label.position == 3
