"""Checks that the recorded inboxes still lead to the recorded decisions, byte for byte.

Every step is folded again from the oldest record of its inbox, or from the oldest checkpoint where
that has expired, and what it would write is compared with what it wrote: topic, key and value.
Nothing is produced, sent or touched; all that this module holds is a reader of the log. Only what
the present version of a step decided is compared; what an earlier one wrote, or what follows from
records before the checkpoint, is given.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from processors.parts import loaded
from processors.step import Context, Sealer, Step
from projections.replay.checkpoints import Begin, Kept, what_is_kept
from projections.replay.difference import difference
from projections.replay.progress import Progress, Report
from projections.replay.recorded import Content, Origin, Recorded
from projections.replay.verdict import VerifyReport
from streams.contracts.envelope import decode_event, respelt
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Outgoing, Position, Record
from streams.contracts.topics import DEAD_LETTERS
from streams.contracts.trust import KIND, ORIGIN, RecordKind, Signer
from streams.kafka.connection import Connection
from streams.kafka.damage import told_damage
from streams.kafka.log_reader import LogReader, Offsets, Place

_RANDOM_UP_TO = 4000


async def verify(
    connection: Connection,
    signer: Signer,
    steps: Sequence[Step[Any]],
    *,
    fetch_sizes: Sequence[int] = (2000,),
    report: Report = lambda _line: None,
) -> VerifyReport:
    """Fold every inbox of `steps` again and compare with the record.

    Parameters
    ----------
    fetch_sizes : sequence of int
        One pass for each: how many records `apply` is given at a time; 0 is a random number
        each time. The answer must not depend on it.
    report : callable
        Takes lines of progress.

    Returns
    -------
    VerifyReport
        Records that a step has not written yet because it is behind are `pending`, not missing.

    Raises
    ------
    BrokerAway, TopicError
        Where the log cannot be read.
    """
    async with LogReader(connection) as reader:
        with closing(Recorded(signer, steps)) as recorded:
            return await _Verification(reader, signer, steps, recorded, report).run(fetch_sizes)


class _Verification:
    def __init__(
        self,
        reader: LogReader,
        signer: Signer,
        steps: Sequence[Step[Any]],
        recorded: Recorded,
        report: Report,
    ) -> None:
        self._reader = reader
        self._signer = signer
        self._steps = steps
        self._recorded = recorded
        self._report = report
        self._outputs = sorted(
            {topic.name for step in steps for kind in step.writes for topic in kind.to}
            | {step.inbox.name for step in steps}
            | {DEAD_LETTERS.name}
        )
        self._indexed: Offsets = {}
        self._first: Offsets = {}
        self._kept: Mapping[tuple[str, Place], Kept] = {}
        self._missing: dict[Origin, Outgoing] = {}
        self._given_of: dict[tuple[str, str, int], int] = {}
        self._decided_from: dict[tuple[str, str, int], int] = {}
        self._found = VerifyReport()

    async def run(self, fetch_sizes: Sequence[int]) -> VerifyReport:
        inboxes = sorted({step.inbox.name for step in self._steps})
        # Ends of inboxes first: what is written meanwhile is then in the index.
        ends = await self._reader.end_offsets(inboxes)
        first = await self._reader.beginning_offsets(inboxes)
        self._first = self._indexed = await self._reader.beginning_offsets(self._outputs)
        self._kept = await what_is_kept(self._reader, self._signer, self._steps)
        await self._index()
        for number, size in enumerate(fetch_sizes, 1):
            for step in self._steps:
                for place in [place for place in first if place.topic == step.inbox.name]:
                    await self._partition(
                        step, place, range(first[place], ends[place]), size, number
                    )
        await self._settle()
        self._contradictions()
        return self._found

    def _contradictions(self) -> None:
        """Note what was written twice and unlike, of what is decided again."""
        for origin, one, other in self._recorded.contradictions:
            if origin.offset >= self._decided_from.get(origin[:3], 0):
                unlike = difference(one.value, other.value)
                what = f"{other.place} repeats {one.place} otherwise: {unlike}"
                self._found.add("different", f"{origin}: {what}")

    async def _index(self) -> None:
        """Read what was written since the last time."""
        ends = await self._reader.end_offsets(self._outputs)
        total = sum(ends[place] - start for place, start in self._indexed.items())
        progress = Progress("reading the record", total, self._report)
        async for batch in self._reader.read(self._indexed, ends):
            self._damage(batch)
            self._recorded.add(batch)
            progress.add(len(batch))
        self._indexed = ends
        progress.finish()

    async def _partition(
        self, step: Step[Any], place: Place, span: range, size: int, number: int
    ) -> None:
        """Fold one partition of a step's inbox and compare what follows."""
        here = (step.name, *place)
        partitions = len(await self._reader.places([place.topic]))
        context = Context(place.topic, place.partition, partitions, self._signer)
        state, span, compared = await self._begin(step, context, span)
        sealer = Sealer(step.name, context)
        progress = Progress(f"{step.name} {place.topic}/{place.partition}", len(span), self._report)
        batches = self._reader.read({place: span.start}, {place: span.stop})
        async for records in _cut(batches, size):
            self._damage(records)
            wanted = [r for r in records if (*here, r.offset) not in self._recorded.skips]
            self._found.skipped += len(records) - len(wanted)
            emissions = step.apply(state, wanted)
            for written in sealer.seal([e for e in emissions if e.offset >= compared.start]):
                self._compare(step, written, number)
            progress.add(len(records))
        self._found.records += progress.done
        progress.finish()
        for origin, where in self._recorded.left_over(*here, compared, number):
            self._found.add("surplus", f"{origin} at {where}")

    def _damage(self, records: Sequence[Record]) -> None:
        """Say what the disk damaged: it explains what is missing, surplus or different."""
        for told in filter(None, map(told_damage, records)):
            self._note(told)

    async def _begin(
        self, step: Step[Any], context: Context, span: range
    ) -> tuple[Any, range, range]:
        """Return the state to begin with, the offsets to fold, and those to compare."""
        place = Place(context.topic, context.partition)
        kept = self._kept.get((step.name, place), Kept())
        if span.start == 0 and not kept.rests:
            compared = range(min(kept.since, span.stop), span.stop)
            self._given(step, place, compared.start)
            return step.initial(context), span, compared
        # Behind the first record that is left, its state lacks what came between.
        oldest = await kept.oldest(self._reader, self._signer, step, span)
        start = span.stop if oldest is None else oldest.position
        self._given(step, place, start)
        self._note_begin(step, place, span, kept, oldest)
        state = step.initial(context) if oldest is None else loaded(step, context, oldest.data)
        return state, range(start, span.stop), range(start, span.stop)

    def _note_begin(
        self, step: Step[Any], place: Place, span: range, kept: Kept, oldest: Begin | None
    ) -> None:
        """Say what of this version's decisions cannot be decided again, if anything."""
        if oldest is not None and oldest.position == kept.since:
            return  # what an earlier version decided is given, all else is verified
        first = max(span.start, kept.since if kept.rests else 0)
        gone = "have expired" if span.start else "are folds of a state that was carried over"
        what = f"{step.name} on {place.topic}/{place.partition}: records before {first} {gone}"
        self._note(
            f"{what}, and no checkpoint is kept"
            if oldest is None
            else f"{what}; verified from {oldest.position}, {oldest.told}"
        )

    def _note(self, reason: str) -> None:
        if reason not in self._found.unverified:
            self._found.unverified.append(reason)

    def _given(self, step: Step[Any], place: Place, before: int) -> None:
        """Count what follows from inbox records `before` an offset, which is not decided again."""
        here = (step.name, *place)
        self._decided_from[here] = before
        self._given_of[here] = self._recorded.count_before(*here, before)
        self._found.given = sum(self._given_of.values())

    def _compare(self, step: Step[Any], written: Outgoing, number: int) -> None:
        origin = _origin(step.name, written)
        self._found.compared += 1
        recorded = self._recorded.take(origin, number)
        if recorded is None:
            self._missing[origin] = written
        else:
            self._judge(origin, recorded, written)

    def _judge(self, origin: Origin, recorded: Content, written: Outgoing) -> None:
        if recorded.key != (written.key or b""):
            what = f"key {recorded.key!r} recorded, {written.key!r} folded"
        elif recorded.value != written.value and respelt(recorded.value) != written.value:
            what = difference(recorded.value, written.value)
        else:
            return
        self._found.add("different", f"{origin} at {recorded.place}: {what}")

    async def _settle(self) -> None:
        """Look once more for what was missing: a worker may have been writing it."""
        if not self._missing:
            return
        await self._index()
        has_expired = _Expired(self._recorded, self._first)
        for origin, written in sorted(self._missing.items()):
            recorded = self._recorded.take(origin, 0)
            if recorded is not None:
                self._judge(origin, recorded, written)
            elif self._may_come(origin):
                self._found.pending += 1
            elif (place := has_expired.where(origin, written)) is not None:
                self._found.given += 1
                what = f"{place.topic}/{place.partition} before {self._first[place]}"
                self._note(f"what {origin.step} wrote to {what}, which has expired")
            else:
                self._found.add("missing", str(origin))

    def _may_come(self, origin: Origin) -> bool:
        """Say whether the step may not have come to that record yet."""
        place = Place(origin.inbox, origin.partition)
        settled = self._kept.get((origin.step, place), Kept()).position
        return origin.offset >= max(settled, self._recorded.highest(*origin[:3]) + 1)


class _Expired:
    """Knows what of a step's records cannot be in the log any more.

    What follows from one inbox partition lies in the order of that partition. So it has expired
    where the beginning of a partition has, and all that is left there follows from later records.
    """

    def __init__(self, recorded: Recorded, first: Offsets) -> None:
        self._recorded, self._first = recorded, first
        self._partitions = Counter(place.topic for place in first)
        self._lowest: dict[tuple[str, str, int, Place], int | None] = {}

    def where(self, origin: Origin, written: Outgoing) -> Place | None:
        """Return where it lay, if it has expired."""
        partition = written.partition
        if partition is None:
            partition = partition_for(written.key or b"", self._partitions[written.topic])
        place = Place(written.topic, partition)
        if not self._first.get(place):
            return None
        source = (*origin[:3], place)
        if source not in self._lowest:
            self._lowest[source] = self._recorded.lowest(*source)
        lowest = self._lowest[source]
        return place if lowest is None or origin.offset < lowest else None


def _origin(step: str, written: Outgoing) -> Origin:
    """Return where a sealed record comes from."""
    headers = dict(written.headers)
    if headers[KIND] == RecordKind.FORWARD.value.encode():
        position = headers[ORIGIN].decode("ascii")
    else:
        position = decode_event(written.value).position
    return Origin(step, *Position.parse(position), written.topic)


async def _cut(batches: AsyncIterator[list[Record]], size: int) -> AsyncIterator[list[Record]]:
    """Give the records of `batches` in pieces of `size`, or of random sizes where it is 0."""
    sizes = _sizes(size)
    wanted = next(sizes)
    held: list[Record] = []
    async for batch in batches:
        held += batch
        while len(held) >= wanted:
            yield held[:wanted]
            held = held[wanted:]
            wanted = next(sizes)
    if held:
        yield held


def _sizes(size: int) -> Iterator[int]:
    # The seed is fixed so that a difference can be found again.
    source = random.Random(0)  # noqa: S311
    while True:
        yield size or source.randint(1, _RANDOM_UP_TO)
