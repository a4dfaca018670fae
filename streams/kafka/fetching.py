"""Records of a fetch made as our own from the first: what aiokafka builds of each costs as much.

aiokafka makes a `ConsumerRecord` of every record that it unpacks, with eleven fields of which we
want six. The one method that does it is replaced on each fetch as the fetch is put on the shelf
from which it is handed out; checksums, compaction and transactions stay aiokafka's. Should a
version of it keep fetches elsewhere, its own records come, and `ours` makes them into our own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from streams.contracts.record import Record
from streams.kafka.damage import pass_over_damage

_new = tuple.__new__


def record_of(place: tuple[str, int], raw: Any) -> Record:
    """Return what lies at `place` of a topic as a record of ours.

    Built through `tuple` itself: a keyword call would cost a third of the decoding.
    """
    topic, partition = place
    stamp, headers = raw.timestamp / 1000, tuple(raw.headers)
    return _new(Record, (topic, partition, raw.offset, stamp, raw.key, raw.value, headers))


def ours(records: Sequence[Any]) -> Sequence[Record]:
    """Return fetched `records`, which are not empty, as our own."""
    if type(records[0]) is Record:
        return records
    return [record_of((raw.topic, raw.partition), raw) for raw in records]


def make_ours(consumer: Any) -> None:
    """Let a started `AIOKafkaConsumer` hand out `Record`; to say so twice changes nothing."""
    fetcher = consumer._fetcher
    if not isinstance(fetcher._records, _Shelf):
        shelf = _Shelf()
        for place, fetch in fetcher._records.items():
            shelf[place] = fetch
        fetcher._records = shelf


class _Shelf(OrderedDict[Any, Any]):
    """What was fetched, by partition, until it is handed out."""

    def __setitem__(self, place: Any, fetch: Any) -> None:
        unpacked = getattr(fetch, "_partition_records", None)
        if unpacked is not None:
            unpacked._consumer_record = record_of
            pass_over_damage(place.topic, place.partition, unpacked)
        super().__setitem__(place, fetch)
