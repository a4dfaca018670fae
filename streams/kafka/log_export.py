"""Copies a log into files, as of one moment."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Self

from streams.contracts.record import Record
from streams.contracts.topics import TELEMETRY, every_topic
from streams.kafka.connection import Connection
from streams.kafka.errors import TopicError
from streams.kafka.log_files import FORMAT, Manifest, Part, PartWriter, write_manifest
from streams.kafka.log_reader import LogReader, Offsets, Place

_TRIES: Final = 200


class Exporter:
    """Copies the log of one installation, which may run meanwhile.

    Parameters
    ----------
    connection : Connection
        How to reach the broker.
    partitions : int
        Of every keyed topic.
    secret : str
        What the manifest tells of the installation's secret.
    """

    def __init__(self, connection: Connection, partitions: int, secret: str) -> None:
        self._connection = connection
        self._partitions = partitions
        self._secret = secret

    async def export(
        self, folder: Path, told: Callable[[int, int], None] = lambda _done, _total: None
    ) -> Manifest:
        """Write the log into `folder`, which must not exist; return what it is.

        Parameters
        ----------
        told : callable
            Called with the records done and their total: with 0 first, then after every fetch.

        Raises
        ------
        FileExistsError
            Where `folder` is there already.
        BrokerAway, TopicError, PositionLost
            Where the log cannot be read, or expires meanwhile.
        """
        async with LogReader(self._connection) as reader:
            ends = await moment(reader)
            firsts = await reader.beginning_offsets([t.name for t in every_topic()])
            firsts = {place: min(firsts[place], end) for place, end in ends.items()}
            total, done = sum(ends.values()) - sum(firsts.values()), 0
            told(0, total)
            with _files(folder, firsts, ends) as files:
                async with _Behind() as behind:
                    async for records in reader.read(firsts, ends):
                        file = files[Place(records[0].topic, records[0].partition)]
                        await behind.call(file.write, records)
                        done += len(records)
                        told(done, total)
        parts = [Part(*p, firsts[p], ends[p], file.records) for p, file in files.items()]
        manifest = Manifest(FORMAT, self._partitions, self._secret, parts)
        write_manifest(folder, manifest)
        return manifest


async def moment(reader: LogReader) -> Offsets:
    """Return ends that belong together: nothing before them follows from anything after them.

    Two readings of the other topics that are equal, with that of telemetry in between, are what
    one reading of all at once would have given (a double collect).

    Raises
    ------
    TopicError
        Where there is no quiet moment.

    References
    ----------
    Y. Afek et al., "Atomic snapshots of shared memory", Journal of the ACM 40(4), 1993.
    """
    others = [topic.name for topic in every_topic() if topic is not TELEMETRY]
    before = await reader.end_offsets(others)
    for _ in range(_TRIES):
        telemetry = await reader.end_offsets([TELEMETRY.name])
        after = await reader.end_offsets(others)
        if before == after:
            return telemetry | after
        before = after
    raise TopicError("the log never rests for a moment; end `homeostat up` and export again")


class _Behind:
    """Makes one call after the other in a thread, while the next records are read.

    What takes time in it is compressing, and that lets other threads run.
    """

    def __init__(self) -> None:
        self._under_way: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._done()

    async def call(self, function: Callable[[list[Record]], None], records: list[Record]) -> None:
        """Begin a call once the one before has ended; raise what that one raised."""
        await self._done()
        self._under_way = asyncio.create_task(asyncio.to_thread(function, records))

    async def _done(self) -> None:
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            await under_way


@contextlib.contextmanager
def _files(folder: Path, firsts: Offsets, ends: Offsets) -> Iterator[dict[Place, PartWriter]]:
    folder.mkdir(parents=True)
    with contextlib.ExitStack() as stack:
        yield {
            place: stack.enter_context(
                PartWriter(folder / Part(*place, firsts[place], end, 0).file)
            )
            for place, end in sorted(ends.items())
        }
