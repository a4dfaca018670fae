"""When a lane is snapshotted, and in which order: outputs first, then the snapshot."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from processors.parts import Parted, Parts, packed, plain, size_of
from processors.runtime import checkpoints
from processors.runtime.ending import Tasks
from processors.runtime.lane import Lane
from processors.runtime.outputs import Outputs
from processors.runtime.pages import Book, Draft, Ref
from processors.runtime.snapshot_format import Label, Snapshot, encode
from streams.contracts.record import Outgoing
from streams.contracts.topics import CHECKPOINT_PAGES, snapshots_of
from streams.contracts.trust import Signer

T = TypeVar("T")
_encoder: Final = msgspec.msgpack.Encoder()
RECORDS: Final = 2000
"""Records folded since the last snapshot that call for the next one."""
PAUSE_S: Final = 2.0
"""Between two snapshots of a lane, at least."""
AGE_S: Final = 30.0
"""A lane that has moved at all is snapshotted this often."""
SHARE: Final = 0.05
"""Of the time, what snapshots may cost, as long as `REPLAY_S` holds."""
REPLAY_S: Final = 4.0
"""Of folding that a restart may have to do again, in all partitions together."""
WORTH: Final = 6.0
"""But no snapshot is taken before so many times what it takes was spent on folding."""
WHOLE: Final = 1 << 20
"""Bytes of a state that is written as one; a larger one goes by pages."""
GROUP: Final = 60
"""Pages prepared and sent together: few enough that each is acknowledged by itself."""
_WRITER: Final = uuid.uuid4().hex[:12]
_SKIPS_KEPT: Final = 1000


class Snapshots:
    """Writes snapshots, at most a twentieth of the time where the replay stays short.

    Parameters
    ----------
    outputs : Outputs
        The ordered way to the log.
    signer : Signer
        Signs every chunk.
    tasks : Tasks
        Runs the writing beside the folding.
    """

    def __init__(self, outputs: Outputs, signer: Signer, tasks: Tasks) -> None:
        self._outputs = outputs
        self._signer = signer
        self._tasks = tasks
        self._not_before = 0.0
        self.written = 0
        self.bytes = 0

    def consider(self, lane: Lane) -> None:
        """Begin a snapshot of `lane` where one is due."""
        if not ready(lane):
            return
        now = time.monotonic()
        age = now - lane.snapshot_at
        if _replay_is_long(lane) and age >= PAUSE_S:
            self.begin(lane, checkpoint=checkpoints.is_due(lane))
        elif now >= self._not_before:
            due = lane.since_snapshot >= RECORDS or lane.urgent
            if (due and age >= PAUSE_S) or age >= AGE_S:
                self.begin(lane, checkpoint=checkpoints.is_due(lane))

    def begin(self, lane: Lane, *, checkpoint: bool = False) -> asyncio.Task[Any]:
        """Begin a snapshot of `lane` now, and a checkpoint of the same state where that is due.

        The task ends when all is acknowledged.
        """
        began = lane.snapshot_at = time.monotonic()
        lane.snapshotting, lane.urgent = True, False
        lane.since_snapshot, lane.folding_s = 0, 0.0
        frozen = _frozen(lane, checkpoint=checkpoint)
        lane.frozen_s = time.monotonic() - began
        self._cost(lane.frozen_s)
        outputs, lane.pending = lane.pending, []
        lane.writing = self._tasks.start(self._write(lane, frozen, outputs), "snapshot")
        return lane.writing

    async def keep_pace(self, lane: Lane) -> None:
        """Wait for the snapshot under way where folding has run too far ahead of it."""
        if lane.writing is not None and not lane.writing.done() and _replay_is_long(lane):
            await asyncio.wait({lane.writing})

    async def _write(self, lane: Lane, frozen: _Frozen, outputs: list[asyncio.Future[Any]]) -> None:
        topic, partition = snapshots_of(lane.step.inbox).name, lane.context.partition
        await asyncio.gather(*outputs)  # facts are durable before the state that implies them
        label, data, refs = frozen.label, frozen.data, None
        if frozen.drafts:
            refs = await self._pages(lane, lane.book, topic, frozen.drafts)
            label = msgspec.structs.replace(label, paged=True)
            data = _encoder.encode(lane.book.index_of(refs))
        records = await self._aside(encode, Snapshot(label, data), topic, partition, self._signer)
        if not lane.alive:
            return
        acknowledged = await self._sent(records)
        if refs is not None:
            lane.book.settle(refs, acknowledged[-1])
        lane.generation, lane.snapshot_position = label.generation, label.position
        leftovers = lane.book.leftovers(partition)
        await asyncio.gather(*await self._outputs.erase(topic, partition, leftovers))
        if frozen.checkpoint is not None:
            await self._checkpoint(lane, frozen.label, frozen.checkpoint)
        lane.snapshotting = False
        self.written += 1

    async def _checkpoint(self, lane: Lane, label: Label, due: _Due) -> None:
        """Write the state once more, whole, to where nothing takes its place."""
        refs = await self._pages(lane, due.book, CHECKPOINT_PAGES.name, due.drafts)
        if lane.alive:
            index = due.book.index_of(refs)
            made = checkpoints.Checkpoint(label, *lane.place, due.at, due.book.written, index)
            await self._sent([made.record(self._signer)])
            lane.checkpoint_at = due.at

    async def _pages(self, lane: Lane, book: Book, topic: str, drafts: list[Draft]) -> list[Ref]:
        """Write the pages that are new; return where all of them lie."""
        written: dict[str, Ref] = {}
        new = [(draft.ref, draft.packed) for draft in drafts if draft.packed is not None]
        while lane.alive and new:
            group, new = new[:GROUP], new[GROUP:]
            partition = lane.context.partition
            records = [
                book.record(ref, page, topic, partition, self._signer) for ref, page in group
            ]
            offsets = await self._sent(records)
            refs = [ref.at(offset) for (ref, _), offset in zip(group, offsets, strict=True)]
            written |= {ref.name: ref for ref in refs}
        return [written.get(draft.ref.name, draft.ref) for draft in drafts]

    async def _sent(self, records: Sequence[Outgoing]) -> list[int]:
        """Write `records`, fewer than make a bulk; return their offsets."""
        self.bytes += sum(len(record.value) for record in records)
        return [done.offset for done in await asyncio.gather(*await self._outputs.send(records))]

    async def _aside(self, work: Callable[..., T], *given: Any) -> T:
        """Do `work` beside the loop, on the account of snapshots."""

        def timed() -> tuple[T, float]:
            began = time.thread_time()
            return work(*given), time.thread_time() - began

        done, cost = await asyncio.to_thread(timed)
        self._cost(cost)
        return done

    def _cost(self, spent_s: float) -> None:
        self._not_before = max(self._not_before, time.monotonic()) + spent_s / SHARE


def ready(lane: Lane) -> bool:
    """Say whether there is anything to snapshot, and nothing against it."""
    settled = lane.sound and not lane.unsent and not lane.snapshotting
    return lane.alive and settled and lane.since_snapshot > 0


def _replay_is_long(lane: Lane) -> bool:
    return lane.folding_s >= max(REPLAY_S / lane.context.partitions, WORTH * lane.frozen_s)


class _Due(NamedTuple):
    """A checkpoint to be written: the whole state, of the moment `at` in the inbox's own time."""

    at: float
    book: Book
    drafts: list[Draft]


class _Frozen(NamedTuple):
    """A state as it was: small as its bytes, else as pages, of which those are here that changed.

    `label` says whose it is; `checkpoint` is None where none is due.
    """

    label: Label
    data: bytes
    drafts: list[Draft]
    checkpoint: _Due | None


def _frozen(lane: Lane, *, checkpoint: bool) -> _Frozen:
    parts = _parts(lane)
    large, first = size_of(parts) > WHOLE, not lane.book.held
    drafts = lane.book.drafts(parts) if large else []
    due = None
    if checkpoint:
        book = Book()
        # Of a lane that holds no page yet, both are the same: each page is packed once.
        whole = drafts if large and first else book.drafts(parts)
        due = _Due(lane.time, book, whole)
    if large:
        return _Frozen(_label(lane), b"", drafts, due)
    data = packed(parts) if len(parts) > 1 else bytes(plain(parts[""]))
    return _Frozen(_label(lane), data, [], due)


def _parts(lane: Lane) -> Parts:
    """Return the lane's state in its parts, until it moves, or as one."""
    if isinstance(lane.step, Parted):
        return lane.step.parts(lane.state)
    return {"": lane.step.dump(lane.state)}


def _label(lane: Lane) -> Label:
    return Label(
        lane.step.name,
        lane.step.version,
        lane.next,
        _WRITER,
        1 - lane.generation,
        cut_over="" if lane.cut_over is None else lane.cut_over.name,
        origin=lane.cut_over,
        skipped=tuple(sorted(lane.skipped)[-_SKIPS_KEPT:]),
        checkpoint_at=lane.checkpoint_at or 0.0,
    )
