"""Makes a log from files, with the coordinates, timestamps and bytes that it had.

Inboxes normally carry the broker's own timestamps; while the import lasts, they accept those of the
files. Offsets below a partition's first are filled and then deleted, as retention had done. Nothing
else may run meanwhile: any other writer would take an offset that belongs to a record. That setting
also marks the log as incomplete: nothing starts on it, and importing the same files again
continues where the import was interrupted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any, Final, Self

from streams.contracts.topics import Kind, Topic, every_topic
from streams.kafka.admin import GIVEN, STAMPS, ensure_topics, is_being_imported
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway
from streams.kafka.log_begun import Written, check_begun, count_of, read_written
from streams.kafka.log_files import Line, LogFileError, Manifest, Part, read_part
from streams.kafka.log_reader import Place

_BATCH: Final = 1 << 20
_REQUEST: Final = 64 << 20
_UNDER_WAY: Final = 4
"""Batches on their way at once: the next ones are read meanwhile."""
SNAPSHOTS: Final = {topic.name for topic in every_topic() if topic.kind is Kind.SNAPSHOTS}
"""Compacted: the newest of a key counts, not its place."""


async def import_log(
    connection: Connection,
    folder: Path,
    manifest: Manifest,
    told: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Write the export in `folder` into a broker that has no record of ours.

    What an import that was broken off has written is kept. The log is closed until `open_log`.

    Parameters
    ----------
    told : callable
        Called with the records done and their total: first with what was there, then after every
        batch.

    Raises
    ------
    LogFileError
        Where the log is not empty, or the files do not fit it.
    BrokerAway
        If no broker answers.
    """
    resumed = await is_being_imported(connection)
    await ensure_topics(connection, manifest.partitions, [_as_given(t) for t in every_topic()])
    written = await read_written(connection)
    if not resumed:
        _check_empty(written)
    total, done = sum(_offsets(part) for part in manifest.parts), count_of(written)
    told(done, total)
    async with _Writer(connection) as writer:
        for part in manifest.parts:
            there = written[Place(part.topic, part.partition)]
            async for count in writer.write(part, _left(folder, part, there), there.end):
                done += count
                told(done, total)
    await _forget(connection, manifest)


async def open_log(connection: Connection, manifest: Manifest) -> None:
    """Declare an imported log whole: the broker stamps what comes from now on."""
    await ensure_topics(connection, manifest.partitions, imported=True)


def _as_given(topic: Topic) -> Topic:
    return replace(topic, log_append_time=False, extra=topic.extra | {STAMPS: GIVEN})


def _check_empty(written: Mapping[Place, Written]) -> None:
    for place, there in written.items():
        if there.end:
            detail = f"{place.topic} has records here; import into a new HOMEOSTAT_HOME or broker"
            raise LogFileError(detail)


def _left(folder: Path, part: Part, there: Written) -> Iterator[Line]:
    """Give what is left to write, where what is there is the beginning of `part`."""
    lines = read_part(folder, part)
    lines = lines if part.topic in SNAPSHOTS else _filled(part, lines)
    skipped = deque(islice(lines, there.end), 1)
    check_begun(part, there, skipped[0] if skipped and there.end <= _offsets(part) else None)
    return lines


class _Writer:
    """Writes partitions one after the other, in batches whose offsets are looked at."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._producer: Any = None

    async def __aenter__(self) -> Self:
        from aiokafka import AIOKafkaProducer
        from aiokafka.errors import KafkaConnectionError

        self._producer = AIOKafkaProducer(
            **self._connection.client_options(),
            enable_idempotence=True,
            acks="all",
            max_batch_size=_BATCH,
            max_request_size=_REQUEST,
        )
        try:
            await self._producer.start()
        except KafkaConnectionError as error:
            await self._producer.stop()
            detail = f"{self._connection.bootstrap} does not answer: {error}"
            raise BrokerAway(detail) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def write(self, part: Part, lines: Iterator[Line], expected: int) -> Any:
        """Write a partition from offset `expected` on; give how many records each batch added."""
        under_way: deque[tuple[Any, int]] = deque()
        for batch, count in self._batches(lines):
            sending = await self._producer.send_batch(batch, part.topic, partition=part.partition)
            under_way.append((sending, count))
            if len(under_way) > _UNDER_WAY:
                yield await self._arrived(part, *under_way[0], expected)
                expected += under_way.popleft()[1]
        for sending, count in under_way:
            yield await self._arrived(part, sending, count, expected)
            expected += count

    async def _arrived(self, part: Part, sending: Any, count: int, expected: int) -> int:
        """Return the count of a batch once it lies where it must."""
        _check_place(part, (await sending).offset, expected)
        return count

    def _batches(self, lines: Iterator[Line]) -> Iterator[tuple[Any, int]]:
        batch, count = self._producer.create_batch(), 0
        for line in lines:
            entry = {"key": line.key, "value": line.value, "headers": line.headers}
            if batch.append(**entry, timestamp=line.at_ms) is None:
                batch.close()
                yield batch, count
                batch, count = self._producer.create_batch(), 0
                batch.append(**entry, timestamp=line.at_ms)
            count += 1
        if count:
            batch.close()
            yield batch, count


def _offsets(part: Part) -> int:
    """Return how many records it takes to make `part`."""
    return part.records if part.topic in SNAPSHOTS else part.end


def _filled(part: Part, lines: Iterator[Line]) -> Iterator[Line]:
    """Give `lines` after as many empty ones as offsets are missing before the first."""
    first = next(lines, None)
    if first is None:
        return repeat(Line(0, 0, None, b"", []), part.end)
    return chain(repeat(Line(0, first.at_ms, None, b"", []), part.first), (first,), lines)


def _check_place(part: Part, offset: int, expected: int) -> None:
    if offset != expected:
        raise LogFileError(
            f"{part.topic}/{part.partition}: the record of offset {expected} came to lie at "
            f"{offset}, so something else writes here: end it, and import into a new "
            "HOMEOSTAT_HOME or broker"
        )


async def _forget(connection: Connection, manifest: Manifest) -> None:
    """Delete what only fills the offsets below each partition's first."""
    from aiokafka import TopicPartition
    from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

    wanted = {
        TopicPartition(part.topic, part.partition): RecordsToDelete(before_offset=part.first)
        for part in manifest.parts
        if part.first and part.topic not in SNAPSHOTS
    }
    if not wanted:
        return
    client = AIOKafkaAdminClient(**connection.client_options())
    try:
        await client.start()
        await client.delete_records(wanted)
    finally:
        await client.close()
