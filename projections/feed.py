"""The log as one stream of records, from the positions that a fold has reached."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from streams.contracts.record import Record
from streams.contracts.topics import Topic
from streams.kafka.connection import Connection

Place = tuple[str, int]
_FETCH_WAIT_MS: Final = 100
"""How long the broker holds an empty fetch. A partition whose records were just taken is asked
for again only after the fetch under way returns, so this is the delay that a reader may add."""


class PositionBeyondLogError(RuntimeError):
    """A stored position lies beyond the end of the log: the log is another one."""


class Feed:
    """Reads partitions of topics, each from a position of its own; writes and commits nothing.

    Parameters
    ----------
    consumer : aiokafka.AIOKafkaConsumer
        Started, with partitions assigned.
    """

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer

    async def fetch(self, wait_s: float, limit: int = 5_000) -> list[Record]:
        """Return the next records, as soon as there are any, or none after `wait_s` seconds."""
        batches = await self._consumer.getmany(timeout_ms=int(wait_s * 1000), max_records=limit)
        return [_record(message) for batch in batches.values() for message in batch]

    async def ends(self) -> dict[Place, int]:
        """Return the end offset of every partition that is read."""
        found = await self._consumer.end_offsets(list(self._consumer.assignment()))
        return {(place.topic, place.partition): end for place, end in found.items()}

    async def beginnings(self) -> dict[Place, int]:
        """Return the oldest offset that is kept of every partition that is read."""
        found = await self._consumer.beginning_offsets(list(self._consumer.assignment()))
        return {(place.topic, place.partition): start for place, start in found.items()}

    def seek(self, positions: Mapping[Place, int]) -> None:
        """Read on from `positions`; other partitions are left where they are."""
        for place in self._consumer.assignment():
            offset = positions.get((place.topic, place.partition))
            if offset is not None:
                self._consumer.seek(place, offset)

    def position_check(self, positions: Mapping[Place, int], ends: Mapping[Place, int]) -> None:
        """Raise where a position lies beyond the end of its partition.

        Raises
        ------
        PositionBeyondLogError
            With the partition and the remedy.
        """
        for (topic, partition), offset in sorted(positions.items()):
            end = ends.get((topic, partition), offset)
            if offset > end:
                raise PositionBeyondLogError(
                    f"{topic}/{partition} was read up to {offset}, but ends at {end}: the log was "
                    "made anew; run `homeostat projections rebuild`"
                )


def places(topics: Iterable[Topic], partitions: int) -> list[Place]:
    """Return every partition of `topics` in an installation of `partitions`."""
    return [(t.name, number) for t in topics for number in range(t.partitions(partitions))]


@asynccontextmanager
async def open_feed(connection: Connection, which: Iterable[Place]) -> AsyncIterator[Feed]:
    """Give a feed of the partitions `which`, from their beginnings until told otherwise."""
    from aiokafka import AIOKafkaConsumer, TopicPartition

    consumer = AIOKafkaConsumer(
        **connection.client_options(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=_FETCH_WAIT_MS,
        max_partition_fetch_bytes=1 << 19,
        fetch_max_bytes=8 << 20,
    )
    consumer.assign([TopicPartition(topic, partition) for topic, partition in which])
    await consumer.start()
    try:
        yield Feed(consumer)
    finally:
        await consumer.stop()


def _record(message: Any) -> Record:
    return Record(
        message.topic,
        message.partition,
        message.offset,
        message.timestamp / 1000.0,
        message.key,
        message.value,
        message.headers,
    )
