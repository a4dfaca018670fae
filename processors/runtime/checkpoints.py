"""A day's state of a step, kept as long as its inbox is: where a fold can begin once that expires.

A snapshot is a cache of *now*, and compaction drops the one before. A checkpoint is the same state
written once more, once a day of the inbox's own time, to topics that expire after the inbox: its
pages, and then a record of where they lie. It is small beside the heartbeats of a day, so each one
is whole: what expires never takes along what a later one needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from processors.runtime.lane import Lane
from processors.runtime.pages import Index, opened, runs
from processors.runtime.snapshot_format import Label, Snapshot, state_of
from streams.contracts.record import Outgoing, Record
from streams.contracts.topics import CHECKPOINT_PAGES, CHECKPOINTS
from streams.contracts.trust import Signer
from streams.kafka.errors import TopicError
from streams.kafka.log_reader import LogReader, Place

EVERY_S: Final = 86_400.0
"""Between two checkpoints of a partition, in the inbox's own time."""


class Checkpoint(msgspec.Struct, frozen=True, array_like=True):
    """Where the state of one partition of a step's inbox lies.

    Parameters
    ----------
    label : Label
        Whose state it is, and the next offset to fold.
    inbox : str
        The topic that is folded.
    partition : int
        Of the inbox, and of the pages' topic.
    at : float
        The stamp of the last record folded, in seconds since the epoch.
    size : int
        Bytes that its pages take in the log.
    index : Index
        The pages.
    """

    label: Label
    inbox: str
    partition: int
    at: float
    size: int
    index: Index

    def record(self, signer: Signer) -> Outgoing:
        """Return the record that makes a checkpoint of the pages."""
        key = f"{self.inbox}/{self.partition}/{self.label.position}".encode()
        value = msgspec.msgpack.encode(self)
        return signer.sign(Outgoing(CHECKPOINTS.name, key, value, partition=0))

    @property
    def place(self) -> Place:
        """The partition whose fold this is."""
        return Place(self.inbox, self.partition)

    @property
    def since(self) -> int:
        """The offset from which its version of the step decides."""
        return self.label.since


def is_due(lane: Lane) -> bool:
    """Say whether a day has passed since the last checkpoint, and the state stands for itself."""
    if lane.checkpoint_at is None:
        return False
    # Up to where an earlier version spoke, there is nothing of this one to compare.
    return lane.next >= lane.silent_before and lane.time - lane.checkpoint_at >= EVERY_S


async def read_checkpoints(reader: LogReader, signer: Signer) -> list[Checkpoint]:
    """Return every checkpoint that is kept, oldest first; those of a forger are none.

    A log that nothing ran on since checkpoints exist has none.
    """
    try:
        begins = await reader.beginning_offsets([CHECKPOINTS.name])
    except TopicError:
        return []
    found: dict[tuple[str, int, Place, int], Checkpoint] = {}
    async for records in reader.read(begins, await reader.end_offsets([CHECKPOINTS.name])):
        for record in records:
            if (checkpoint := _opened(record, signer)) is not None:
                label, place = checkpoint.label, checkpoint.place
                found.setdefault((label.step, label.version, place, label.position), checkpoint)
    return sorted(found.values(), key=lambda each: (each.place, each.label.position))


def of(found: Iterable[Checkpoint], step: str, version: int, place: Place) -> list[Checkpoint]:
    """Return those of one version of a step and one partition, in their order."""
    wanted = (step, version, place)
    return [each for each in found if (each.label.step, each.label.version, each.place) == wanted]


async def load(reader: LogReader, signer: Signer, checkpoint: Checkpoint) -> Snapshot | None:
    """Return the state of a checkpoint; None where a page has expired or is damaged."""
    store = Place(CHECKPOINT_PAGES.name, checkpoint.partition)
    begin = (await reader.beginning_offsets([store.topic]))[store]
    wanted = {ref.offset for ref in checkpoint.index.pages}
    if not wanted or min(wanted) < begin:
        return None
    pages: dict[int, memoryview] = {}
    for first, last in runs(sorted(wanted)):
        async for records in reader.read({store: first}, {store: last + 1}):
            pages |= _pages(records, wanted, signer)
    data = state_of(checkpoint.index, pages)
    label = msgspec.structs.replace(checkpoint.label, checkpoint_at=checkpoint.at)
    return None if data is None else Snapshot(label, data)


def _pages(records: Sequence[Record], wanted: set[int], signer: Signer) -> Mapping[int, memoryview]:
    return {
        record.offset: opened(record.value)[1]
        for record in records
        if record.offset in wanted and record.value and signer.told(record)
    }


def _opened(record: Record, signer: Signer) -> Checkpoint | None:
    if not (record.value and signer.told(record)):
        return None
    return msgspec.msgpack.decode(record.value, type=Checkpoint)
