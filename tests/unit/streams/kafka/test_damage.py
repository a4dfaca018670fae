"""A damaged batch is passed over; but of snapshots, a record that nobody trusts stands for it."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_UNCOMMITTED, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streams.contracts.topics import FLEET, TELEMETRY, snapshots_of
from streams.contracts.trust import Signer
from streams.kafka.damage import pass_over_damage, told_damage
from streams.kafka.fetching import record_of

COUNT_AT = 23
"""Where a batch says how many records it has; source: *Kafka protocol guide*, record batch."""


def batch(first: int, damaged_at: int | None = None) -> bytes:
    """Return five records from offset `first` on, with one byte flipped."""
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=0, is_transactional=False,
        producer_id=-1, producer_epoch=-1, base_sequence=-1, batch_size=1 << 20,
    )  # fmt: skip
    for n in range(5):
        builder.append(n, 1000, b"key", b"value", [])
    made = bytearray(builder.build())
    made[0:8] = first.to_bytes(8, "big")
    if damaged_at is not None:
        made[damaged_at] ^= 0xFF
    return bytes(made)


def fetched(topic: str, raw: bytes, wanted: int = 0) -> Any:
    """Return a fetch of the batches `raw`, for which offset `wanted` was asked."""
    place = TopicPartition(topic, 0)
    made = PartitionRecords(
        place, MemoryRecords(raw), None, wanted, None, None, True, READ_UNCOMMITTED
    )
    made._consumer_record = record_of
    pass_over_damage(topic, 0, made)
    return made


@pytest.mark.parametrize("damaged_at", [-1, COUNT_AT, COUNT_AT + 3])
def test_of_snapshots_the_whole_batches_come(damaged_at: int) -> None:
    raw = batch(0) + batch(5, damaged_at) + batch(10)
    records = fetched(snapshots_of(TELEMETRY).name, raw)
    assert [r.offset for r in records] == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]
    assert records.next_fetch_offset == 15


def test_a_fetch_that_begins_with_damage_goes_on_behind_it() -> None:
    raw = batch(5, COUNT_AT) + batch(10)
    records = fetched(snapshots_of(TELEMETRY).name, raw, wanted=7)
    assert [r.offset for r in records] == [10, 11, 12, 13, 14]


def test_a_fetch_that_ends_with_damage_asks_one_record_further() -> None:
    records = fetched(snapshots_of(TELEMETRY).name, batch(10, -1), wanted=12)
    assert list(records) == []
    assert records.next_fetch_offset == 13


@pytest.mark.parametrize("damaged_at", [6, 7, 11, 17, COUNT_AT, -1])
def test_one_record_stands_for_a_damaged_batch(damaged_at: int) -> None:
    raw = batch(0) + batch(5, damaged_at) + batch(10)
    records = list(fetched(FLEET.name, raw))
    assert [r.offset for r in records[:6]] == [0, 1, 2, 3, 4, 5]
    stands = records[5]
    assert told_damage(stands).startswith("records 5 to ")
    assert "of fleet/0 are damaged" in told_damage(stands)
    assert not any(told_damage(record) for record in records[:5])
    assert stands.timestamp in (0.0, 1.0)
    assert Signer(b"a secret for tests only").kind_of(stands) is None
    assert [r.offset for r in records[6:]] in ([10, 11, 12, 13, 14], [])


def test_what_lies_in_the_middle_of_damage_is_told_once() -> None:
    records = fetched(FLEET.name, batch(5, -1), wanted=6)
    assert list(records) == []
    assert records.next_fetch_offset == 7


def test_several_damaged_batches_are_one_gap() -> None:
    raw = batch(0, -1) + batch(5, COUNT_AT) + batch(10)
    assert [r.offset for r in fetched(FLEET.name, raw)] == [0, 10, 11, 12, 13, 14]


def test_what_was_fetched_is_let_go_without_looking_for_garbage() -> None:
    records = fetched(TELEMETRY.name, batch(0) + batch(5, COUNT_AT) + batch(10))
    held = weakref.ref(records)
    gc.disable()
    try:
        assert len(list(records)) == 11
        del records
        assert held() is None
    finally:
        gc.enable()
