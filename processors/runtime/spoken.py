"""How far an earlier version of a step spoke: what it said last leads to the record it follows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from processors.runtime.cut_over import SOURCE
from processors.runtime.lane import Lane
from processors.runtime.snapshot_format import CutOver
from processors.step import Step
from streams.contracts.envelope import Event, decode_event
from streams.contracts.errors import ContractError
from streams.contracts.events.system import StepCutOver
from streams.contracts.record import Position, Record
from streams.contracts.topics import DEAD_LETTERS, WINDOWS, Topic
from streams.contracts.trust import RecordKind, Signer
from streams.contracts.upcasters import upcast
from streams.kafka.log_reader import LogReader, Offsets, Place

CLOCKS_S: Final = 60.0
"""By how much the broker's clock, which stamps inboxes, may be ahead of a worker's."""
_CUT_OVER: Final = b'"step.cut_over"'
_FIRST: Final = 64
"""Records at the end of a partition that are looked at first; eight times as many each time."""


async def how_far(lane: Lane, reader: LogReader) -> CutOver:
    """Return the cut-over of a lane that takes over, with the offset from which it speaks.

    That is behind the last snapshot of the earlier version, behind the last record of which it
    said anything, or where the log says that this version took over before.

    Raises
    ------
    BrokerAway
        Where the log cannot be read.
    """
    known = lane.cut_over
    if known is None:
        raise ValueError("the lane takes over from nobody")
    stamp = await _stamp(reader, Place(*lane.place), known.offset)
    if stamp is None:
        return known
    search = _Search(lane)
    await search.run(reader, stamp - CLOCKS_S)
    if search.taken is not None:
        return msgspec.structs.replace(known, offset=search.taken)
    return msgspec.structs.replace(known, offset=max(known.offset, search.last + 1))


async def _stamp(reader: LogReader, place: Place, offset: int) -> float | None:
    """Return when the record at `offset` came; None where there is none yet."""
    end = (await reader.end_offsets([place.topic]))[place]
    async for records in reader.read({place: offset}, {place: min(end, offset + 1)}):
        return records[0].timestamp
    return None


class _Search:
    """Looks through what a step writes, from the ends back.

    All since the last snapshot is read: a worker that was killed, and its heir that was killed
    sooner, leave what is furthest in the middle. Of windows, which are large, the last ones do.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._signer: Signer = lane.context.signer
        here = f'"position":"{lane.context.topic}/{lane.context.partition}/'
        self._of_here = re.compile(re.escape(here.encode()) + rb"(\d{1,19})/")
        self.last = -1
        """The furthest offset of which the step said anything."""
        self.taken: int | None = None
        """The offset of a cut-over to this version that is on record."""

    async def run(self, reader: LogReader, since_s: float) -> None:
        """Look at what was written since `since_s` (epoch seconds)."""
        topics = _written_by(self._lane.step)
        starts = self._ours(await reader.offsets_at([topic.name for topic in topics], since_s))
        ends = self._ours(await reader.end_offsets({place.topic for place in starts}))
        low, wide, left = dict(ends), _FIRST, {p for p in starts if starts[p] < ends[p]}
        while left:
            begins = {place: max(starts[place], ends[place] - wide) for place in left}
            met: set[Place] = set()
            async for records in reader.read(begins, {place: low[place] for place in left}):
                if self._look(records) and records[0].topic == WINDOWS.name:
                    met.add(Place(records[0].topic, records[0].partition))
            low |= begins
            left = {place for place in left - met if low[place] > starts[place]}
            wide *= 8

    def _ours(self, places: Mapping[Place, int]) -> Offsets:
        """Return those of `places` that may hold what follows from this partition."""
        context = self._lane.context
        counts: dict[str, int] = {}
        for place in places:
            counts[place.topic] = counts.get(place.topic, 0) + 1
        return {
            place: offset
            for place, offset in places.items()
            if counts[place.topic] != context.partitions or place.partition == context.partition
        }

    def _look(self, records: Iterable[Record]) -> bool:
        """Take in what `records` say; return whether the step said any of it."""
        found = False
        for record in records:
            value = record.value or b""
            said = max(map(int, self._of_here.findall(value)), default=-1)
            found = found or said >= 0
            # Opening one takes a hundred times as long as looking for what it follows from.
            if said >= max(self.last + 1, self._lane.silent_before) or _CUT_OVER in value:
                self._take_in(record)
        return found

    def _take_in(self, record: Record) -> None:
        event = self._opened(record)
        if event is None:
            return
        if event.source == SOURCE:
            self._take(event)
        elif (at := self._origin(event)) is not None:
            self.last = max(self.last, at)

    def _opened(self, record: Record) -> Event | None:
        try:
            ours = self._signer.kind_of(record) is RecordKind.EVENT
            return decode_event(record.value) if ours else None
        except ContractError:
            return None  # nobody of ours said it

    def _origin(self, event: Event) -> int | None:
        if event.source != f"/steps/{self._lane.step.name}" or not event.position:
            return None
        position = Position.parse(event.position)
        return position.offset if position[:2] == self._lane.place else None

    def _take(self, event: Event) -> None:
        if event.type != "step.cut_over":
            return
        told, lane = msgspec.convert(upcast(event).data, StepCutOver), self._lane
        what = (told.step, told.topic, told.partition, told.to_version)
        if what == (lane.step.name, *lane.place, lane.step.version):
            # What was taken over before the last snapshot was given back since.
            self.taken = told.offset if told.offset >= lane.silent_before else self.taken


def _written_by(step: Step[Any]) -> list[Topic]:
    """Return the topics that a step writes, less its inbox, in which little of it lies."""
    topics = {topic.name: topic for kind in step.writes for topic in kind.to}
    topics[DEAD_LETTERS.name] = DEAD_LETTERS
    topics.pop(step.inbox.name, None)
    return list(topics.values())
