"""How far an earlier version of a step spoke: what it said last leads to the record it follows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from streams.contracts.trust import RecordKind
from streams.contracts.upcasters import upcast
from streams.kafka.log_reader import LogReader, Offsets, Place

CLOCKS_S: Final = 60.0
"""By how much the broker's clock, which stamps inboxes, may be ahead of a worker's."""
_CUT_OVER: Final = b'"step.cut_over"'
_FIRST: Final = 64
"""Records at the end of a partition that are looked at first; eight times as many each time."""


async def how_far(lanes: Sequence[Lane], reader: LogReader) -> dict[Place, CutOver]:
    """Return how lanes of a step that take over do so, with the offsets from which they speak.

    That is behind the last snapshot of the earlier version, behind the last record of which it
    said anything, or where the log says that this version took over before. A lane is left out
    where no record follows its snapshot: nothing can have been said of it.

    Raises
    ------
    BrokerAway
        Where the log cannot be read.
    """
    origins = {Place(*lane.place): known(lane) for lane in lanes}
    stamps = await _stamps(reader, {place: each.offset for place, each in origins.items()})
    if not stamps:
        return {}
    search = _Search([lane for lane in lanes if lane.place in stamps])
    await search.run(reader, min(stamps.values()) - CLOCKS_S)
    return {
        place: msgspec.structs.replace(each, offset=search.speaks_from(each, place))
        for place, each in origins.items()
        if place in stamps
    }


def known(lane: Lane) -> CutOver:
    """Return what is known so far of how a lane takes over."""
    if lane.cut_over is None:
        raise ValueError("the lane takes over from nobody")
    return lane.cut_over


async def _stamps(reader: LogReader, offsets: Offsets) -> dict[Place, float]:
    """Return when the records at those offsets came, of those that there are."""
    ends = await reader.end_offsets({place.topic for place in offsets})
    limits = {place: min(ends[place], offset + 1) for place, offset in offsets.items()}
    found: dict[Place, float] = {}
    async for records in reader.read(offsets, limits):
        found[Place(records[0].topic, records[0].partition)] = records[0].timestamp
    return found


@dataclass(slots=True)
class _Said:
    """What is found of one lane."""

    lane: Lane
    last: int = -1
    """The furthest offset of which the step said anything."""
    taken: int | None = None
    """The offset of a cut-over to this version that is on record."""


class _Search:
    """Looks through what a step writes, from the ends back, for several of its lanes at once.

    All since the last snapshot is read: a worker that was killed, and its heir that was killed
    sooner, leave what is furthest in the middle. Of windows, which are large, the last ones do.
    """

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._of = {lane.context.partition: _Said(lane) for lane in lanes}
        self._step, context = lanes[0].step, lanes[0].context
        self._signer, self._partitions = context.signer, context.partitions
        here = f'"position":"{context.topic}/'
        self._of_here = re.compile(re.escape(here.encode()) + rb"(\d{1,9})/(\d{1,19})/")

    def speaks_from(self, origin: CutOver, place: Place) -> int:
        """Return the first offset of which the step said nothing."""
        said = self._of[place.partition]
        return max(origin.offset, said.last + 1) if said.taken is None else said.taken

    async def run(self, reader: LogReader, since_s: float) -> None:
        """Look at what was written since `since_s` (epoch seconds)."""
        topics = [topic.name for topic in _written_by(self._step)]
        found = await reader.offsets_at(topics, since_s)
        writers = self._writers(found)
        starts = {place: found[place] for place in writers}
        ends = await reader.end_offsets(topics)
        low, wide = {place: ends[place] for place in starts}, _FIRST
        left = {place for place in starts if starts[place] < ends[place]}
        while left:
            begins = {place: max(starts[place], ends[place] - wide) for place in left}
            async for records in reader.read(begins, {place: low[place] for place in left}):
                heard = self._look(records)
                if records[0].topic == WINDOWS.name:
                    writers[Place(records[0].topic, records[0].partition)] -= heard
            low |= begins
            left = {place for place in left if writers[place] and low[place] > starts[place]}
            wide *= 8

    def _writers(self, places: Iterable[Place]) -> dict[Place, set[int]]:
        """Return the places that may hold what follows from lanes, and these lanes' partitions."""
        counts = Counter(place.topic for place in places)
        return {
            place: {place.partition} & self._of.keys()
            if counts[place.topic] == self._partitions
            else set(self._of)
            for place in places
            if counts[place.topic] != self._partitions or place.partition in self._of
        }

    def _look(self, records: Iterable[Record]) -> set[int]:
        """Take in what `records` say; return of which lanes they say anything."""
        found: set[int] = set()
        for record in records:
            value = record.value or b""
            positions = self._of_here.findall(value)
            found.update(int(partition) for partition, _ in positions)
            # Opening one takes a hundred times as long as looking for what it follows from.
            if any(self._is_news(*map(int, each)) for each in positions) or _CUT_OVER in value:
                self._take_in(record)
        return found

    def _is_news(self, partition: int, offset: int) -> bool:
        said = self._of.get(partition)
        return said is not None and offset >= max(said.last + 1, said.lane.silent_before)

    def _take_in(self, record: Record) -> None:
        event = self._opened(record)
        if event is None:
            return
        if event.source == SOURCE:
            self._take(event)
        elif (at := self._origin(event)) is not None:
            said = self._of[at.partition]
            said.last = max(said.last, at.offset)

    def _opened(self, record: Record) -> Event | None:
        try:
            ours = self._signer.kind_of(record) is RecordKind.EVENT
            return decode_event(record.value) if ours else None
        except ContractError:
            return None  # nobody of ours said it

    def _origin(self, event: Event) -> Position | None:
        if event.source != f"/steps/{self._step.name}" or not event.position:
            return None
        at = Position.parse(event.position)
        ours = at.topic == self._step.inbox.name and at.partition in self._of
        return at if ours else None

    def _take(self, event: Event) -> None:
        if event.type != "step.cut_over":
            return
        told, step = msgspec.convert(upcast(event).data, StepCutOver), self._step
        said = self._of.get(told.partition)
        what = (told.step, told.topic, told.to_version)
        if said is not None and what == (step.name, step.inbox.name, step.version):
            # What was taken over before the last snapshot was given back since.
            said.taken = told.offset if told.offset >= said.lane.silent_before else said.taken


def _written_by(step: Step[Any]) -> list[Topic]:
    """Return the topics that a step writes, less its inbox, in which little of it lies."""
    topics = {topic.name: topic for kind in step.writes for topic in kind.to}
    topics[DEAD_LETTERS.name] = DEAD_LETTERS
    topics.pop(step.inbox.name, None)
    return list(topics.values())
