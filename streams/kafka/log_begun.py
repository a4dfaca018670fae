"""What an interrupted import has written so far, and whether its files begin with just that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streams.contracts.record import Record
from streams.contracts.topics import every_topic
from streams.kafka.connection import Connection
from streams.kafka.log_files import Line, LogFileError, Part, line_of
from streams.kafka.log_reader import LogReader, Place


@dataclass(frozen=True, slots=True)
class Written:
    """How far a partition is written; `last` is its last record, where it is kept."""

    end: int
    last: Record | None = None


async def read_written(connection: Connection) -> dict[Place, Written]:
    """Return how far every partition of the log is written."""
    topics = [topic.name for topic in every_topic()]
    async with LogReader(connection) as reader:
        ends = await reader.end_offsets(topics)
        firsts = await reader.beginning_offsets(topics)
        lasts = {place: end - 1 for place, end in ends.items() if end > firsts[place]}
        found = [record async for batch in reader.read(lasts, ends) for record in batch]
    last = {Place(record.topic, record.partition): record for record in found}
    return {place: Written(end, last.get(place)) for place, end in ends.items()}


def count_of(written: Mapping[Place, Written]) -> int:
    """Return how many records that are, with those that have expired."""
    return sum(there.end for there in written.values())


def check_begun(part: Part, there: Written, expected: Line | None) -> None:
    """Raise `LogFileError` unless `there` is a beginning of `part`, as far as its last record says.

    Parameters
    ----------
    expected : Line or None
        What the files hold in the place of the last record; None where they end before it.
    """
    if not there.end:
        return
    found = None if there.last is None else line_of(there.last)
    if expected is None or (found is not None and _bytes(found) != _bytes(expected)):
        raise LogFileError(
            f"{part.topic}/{part.partition} holds something else than these files at offset "
            f"{there.end - 1}: go on with the folder whose import was broken off, or begin with a "
            "new HOMEOSTAT_HOME or broker"
        )


def _bytes(line: Line) -> tuple[object, ...]:
    """Return all but the offset, which filled and compacted partitions count anew."""
    return line.at_ms, line.key, line.value, [tuple(header) for header in line.headers]
