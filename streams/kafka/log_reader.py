"""Reads the log by position: no consumer group, no committed offsets, nothing skipped silently."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from streams.contracts.record import Record
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway, PositionLost, TopicError
from streams.kafka.fetching import make_ours, ours
from streams.kafka.starting import started, stopped

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDLE_MS: Final = 60_000
_LOOK_MS: Final = 200
"""How often a reading with an end looks whether only holes of compaction are left before it."""
_BATCH: Final = 4000


class Place(NamedTuple):
    """A partition of a topic; equal to the plain tuple."""

    topic: str
    partition: int


Offsets = dict[Place, int]


class LogReader:
    """Reads whole fetches, partition by partition; one reading at a time.

    Parameters
    ----------
    connection : Connection
        How to reach the broker.
    wait_ms : int
        How long the broker holds a fetch for which nothing is there. New records end the wait;
        a longer one costs less while idle.
    batch : int
        The largest number of records in one fetch of one partition.
    patience_s : float
        After how long without progress a reading with an end fails with `BrokerAway`. One without
        an end waits for the broker's return.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        wait_ms: int = 500,
        batch: int = _BATCH,
        patience_s: float = 30.0,
    ) -> None:
        self._connection = connection
        self._wait_ms = wait_ms
        self._batch = batch
        self._patience_s = patience_s
        self._consumer: Any = None
        self._topics: set[str] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Connect.

        Raises
        ------
        BrokerAway
            If no broker answers.
        """
        from aiokafka import AIOKafkaConsumer

        consumer = AIOKafkaConsumer(
            **self._connection.client_options(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=self._wait_ms,
            max_partition_fetch_bytes=4 << 20,
        )
        with self._translated():
            await started(consumer)
        make_ours(consumer)
        self._consumer = consumer

    async def stop(self) -> None:
        """Disconnect."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await stopped(consumer)

    async def places(self, topics: Iterable[str]) -> list[Place]:
        """Return every partition of `topics`.

        Raises
        ------
        TopicError
            If a topic does not exist.
        BrokerAway
            If no broker says whether it does.
        """
        topics, client = list(topics), self._consumer._client
        self._topics |= set(topics)
        with self._translated():
            # All that were ever asked for: the client forgets the leaders of every other topic,
            # and a reading under way would stall.
            await client.set_topics(self._topics)
            # Unknown is not absent: a broker that starts, or is fenced, names no topics at all.
            absent = [topic for topic in topics if not client.cluster.partitions_for_topic(topic)]
            if absent and not await client.force_metadata_update():
                where = self._connection.bootstrap
                raise BrokerAway(f"{where} does not say whether it has topic {absent[0]}")
        found = []
        for topic in topics:
            partitions = client.cluster.partitions_for_topic(topic)
            if not partitions:
                raise TopicError(f"topic {topic} does not exist; `homeostat up` makes the topics")
            found += [Place(topic, partition) for partition in sorted(partitions)]
        return found

    async def beginning_offsets(self, topics: Iterable[str]) -> Offsets:
        """Return the first offset kept of every partition of `topics`."""
        places = await self.places(topics)
        with self._translated():
            return _offsets(await self._consumer.beginning_offsets(_partitions(places)))

    async def end_offsets(self, topics: Iterable[str]) -> Offsets:
        """Return the offset after the last record of every partition of `topics`."""
        places = await self.places(topics)
        with self._translated():
            return _offsets(await self._consumer.end_offsets(_partitions(places)))

    async def offsets_at(self, topics: Iterable[str], time_s: float) -> Offsets:
        """Return the offsets of the first records stamped at or after `time_s` (epoch seconds).

        A partition without such a record answers with its end.
        """
        ends = await self.end_offsets(topics)
        wanted = dict.fromkeys(_partitions(ends), round(time_s * 1000))
        with self._translated():
            found = await self._consumer.offsets_for_times(wanted)
        at = {Place(*where): hit.offset for where, hit in found.items() if hit is not None}
        return ends | at

    async def read(
        self, positions: Mapping[Any, int], ends: Mapping[Any, int] | None = None
    ) -> AsyncIterator[list[Record]]:
        """Read on from `positions`; each item is what one fetch gave of one partition.

        Parameters
        ----------
        positions : mapping of (topic, partition) to int
            The first offset wanted of each partition to read.
        ends : mapping of (topic, partition) to int, optional
            Where to stop (exclusive); without, new records are awaited for ever.

        Raises
        ------
        PositionLost
            If a position lies outside what the broker keeps.
        BrokerAway
            If no broker answers.
        """
        follow = ends is None
        ends = {Place(*where): end for where, end in (ends or {}).items()}
        left = {
            Place(*where): start
            for where, start in positions.items()
            if follow or start < ends.get(Place(*where), 0)
        }
        if not left:
            return
        self._seek(left)
        progress = time.monotonic()
        while left:
            fetched = await self._fetch(_IDLE_MS if follow else _LOOK_MS)
            for where, records in fetched.items():
                place = Place(*where)
                wanted = [r for r in ours(records) if follow or r.offset < ends[place]]
                if wanted and place in left:
                    yield wanted
            # Not before: how long the reader's own work takes says nothing of the broker.
            progress = time.monotonic() if fetched else progress
            if not follow:
                await self._drop_finished(left, ends)
                self._check_progress(left, progress)

    def _seek(self, positions: Mapping[Place, int]) -> None:
        self._topics |= {place.topic for place in positions}
        self._consumer.assign(_partitions(positions))
        for partition in _partitions(positions):
            self._consumer.seek(partition, positions[Place(*partition)])

    def _check_progress(self, left: Collection[Place], since: float) -> None:
        if left and time.monotonic() - since > self._patience_s:
            raise BrokerAway(
                f"{self._connection.bootstrap} gave no record of {next(iter(left))} in "
                f"{self._patience_s:g} s, though its end is not reached; where this stays so, "
                "look at that partition in the broker's log: its disk may be damaged"
            )

    async def _fetch(self, timeout_ms: int) -> Mapping[Any, list[Any]]:
        with self._translated():
            got: Mapping[Any, list[Any]] = await self._consumer.getmany(
                timeout_ms=timeout_ms, max_records=self._batch
            )
            return got

    async def _drop_finished(self, left: dict[Place, int], ends: Mapping[Place, int]) -> None:
        # Compaction leaves holes, so the position decides and not the last record's offset.
        for partition in _partitions(left):
            if await self._consumer.position(partition) >= ends[Place(*partition)]:
                self._consumer.pause(partition)
                del left[Place(*partition)]

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from aiokafka import errors

        try:
            yield
        except errors.OffsetOutOfRangeError as error:
            raise PositionLost(
                f"the broker no longer keeps {error}; start from a snapshot"
            ) from error
        except (errors.KafkaConnectionError, errors.KafkaTimeoutError) as error:
            raise BrokerAway(f"{self._connection.bootstrap} does not answer: {error}") from error


def _partitions(places: Collection[Place] | Mapping[Place, int]) -> list[Any]:
    from aiokafka import TopicPartition

    return [TopicPartition(topic, partition) for topic, partition in places]


def _offsets(found: Mapping[Any, int]) -> Offsets:
    return {Place(*where): offset for where, offset in found.items()}
