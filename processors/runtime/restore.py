"""Where each partition goes on, and with what state: the last snapshot, or the beginning."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from processors.runtime import checkpoints
from processors.runtime.lane import Lane
from processors.runtime.pages import runs
from processors.runtime.snapshot_format import Assembly, Label, Snapshot
from processors.step import Context, Step
from streams.contracts.envelope import rfc3339
from streams.contracts.topics import snapshots_of
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway
from streams.kafka.log_reader import LogReader, Place
from streams.kafka.policies import PoliciesInForce

log = logging.getLogger(__name__)

TAIL: Final = 8
"""Records at the end of a snapshot partition that are looked at first."""
_ATTEMPT_S: Final = 20.0
_PAUSE_S: Final = 0.3


class Restorer:
    """Loads lanes.

    Parameters
    ----------
    connection : Connection
        How to reach the broker.
    steps : mapping of str to Step
        By the name of their inbox.
    signer : Signer
        Checks snapshots, and is handed to steps.
    partitions : mapping of str to int
        How many partitions each inbox has.
    """

    def __init__(
        self,
        connection: Connection,
        steps: Mapping[str, Step[Any]],
        signer: Signer,
        partitions: Mapping[str, int],
    ) -> None:
        self._connection = connection
        self._steps = steps
        self._signer = signer
        self._partitions = partitions

    async def load(self, places: Iterable[tuple[str, int]], patience_s: float) -> list[Lane]:
        """Return a lane for each place.

        Raises
        ------
        BrokerAway, TimeoutError
            When `patience_s` has passed without a broker.
        """
        wanted = [Place(*place) for place in places]
        async with asyncio.timeout(patience_s):
            while True:
                try:
                    async with asyncio.timeout(_ATTEMPT_S), LogReader(self._connection) as reader:
                        return await self._load(reader, wanted)
                except (BrokerAway, TimeoutError) as error:
                    log.warning("restoring again, for %r", error)
                    await asyncio.sleep(_PAUSE_S)

    async def rebuild(self, lane: Lane, patience_s: float) -> None:
        """Fold `lane` again up to its position; what follows was sent before."""
        (fresh,) = await self.load([lane.place], patience_s)
        fresh.skipped |= lane.skipped
        if fresh.next < lane.next:
            async with asyncio.timeout(patience_s), LogReader(self._connection) as reader:
                await _fold_up_to(lane.next, fresh, reader)
        lane.state = fresh.state

    async def _load(self, reader: LogReader, wanted: Sequence[Place]) -> list[Lane]:
        inboxes = {place.topic for place in wanted}
        begins = await reader.beginning_offsets(inboxes)
        ends = await reader.end_offsets(inboxes)
        stores = {
            place: Place(snapshots_of(self._steps[place.topic].inbox).name, place.partition)
            for place in wanted
        }
        found = await self._tails(reader, list(stores.values()))
        return [
            await self._lane(reader, place, found.pop(stores[place]), begins[place], ends[place])
            for place in wanted
        ]

    async def _tails(self, reader: LogReader, stores: Sequence[Place]) -> dict[Place, _Tail]:
        topics = {store.topic for store in stores}
        begins = await reader.beginning_offsets(topics)
        ends = await reader.end_offsets(topics)
        tails = {
            store: _Tail(
                Assembly(self._signer), store, begins[store], max(begins[store], ends[store] - TAIL)
            )
            for store in stores
        }
        starts = {store: tail.start for store, tail in tails.items()}
        async for records in reader.read(starts, {store: ends[store] for store in stores}):
            tails[Place(records[0].topic, records[0].partition)].assembly.add(records)
        return tails

    async def _lane(
        self, reader: LogReader, place: Place, tail: _Tail, begin: int, end: int
    ) -> Lane:
        step = self._steps[place.topic]
        context = Context(*place, self._partitions[place.topic], self._signer)
        snapshot = await tail.snapshot(reader, step)
        old = tail.assembly.superseded(step.name, step.version)
        if snapshot is None and old is None:
            snapshot = await self._checkpoint(reader, step, place, range(begin, end))
        if snapshot is not None and snapshot.label.position <= end:
            lane = _resumed(step, context, snapshot, begin)
        else:
            lane = _afresh(step, context, old, begin, end)
            if begin:
                await _under_policy(lane, reader, end)
        lane.book.stale = tail.assembly.books()
        return lane

    async def _checkpoint(
        self, reader: LogReader, step: Step[Any], place: Place, kept: range
    ) -> Snapshot | None:
        """Return the newest checkpoint, for a partition whose snapshot is lost."""
        found = await checkpoints.read_checkpoints(reader, self._signer)
        for each in reversed(checkpoints.of(found, step.name, step.version, place)):
            if not kept.start <= each.label.position <= kept.stop:
                continue
            if (snapshot := await checkpoints.load(reader, self._signer, each)) is not None:
                log.warning("%s/%d: no snapshot is left; resuming from the checkpoint of %s",
                            *place, rfc3339(each.at))  # fmt: skip
                return snapshot
        return None


@dataclass(frozen=True, slots=True)
class _Tail:
    """The last records of one partition of a snapshot topic, from `start` on."""

    assembly: Assembly
    store: Place
    begin: int
    start: int

    async def snapshot(self, reader: LogReader, step: Step[Any]) -> Snapshot | None:
        """Return the last snapshot; where the tail does not lead to one, everything is read."""
        kept = self.assembly
        while offsets := kept.wanted(step.name, step.version):
            for first, last in runs(offsets):
                await self._add(reader, max(first, self.begin), last + 1)
        found = kept.best(step.name, step.version)
        if found is None and kept.superseded(step.name, step.version) is None:
            await self._add(reader, self.begin, self.start)
            found = kept.best(step.name, step.version)
        return found

    async def _add(self, reader: LogReader, first: int, end: int) -> None:
        async for records in reader.read({self.store: first}, {self.store: end}):
            self.assembly.add(records)


async def _under_policy(lane: Lane, reader: LogReader, end: int) -> None:
    """Put in force what was so before the first record that is left, as its own has expired."""
    place, signer = Place(*lane.place), lane.context.signer
    policies = await PoliciesInForce.read(reader)
    reading = reader.read({place: lane.next}, {place: min(end, lane.next + 1)})
    first = [record async for records in reading for record in records][:1]
    before = [each for record in first for each in policies.before(record, signer)]
    lane.step.apply(lane.state, before if first else policies.latest(place, lane.next, signer))


async def _fold_up_to(end: int, lane: Lane, reader: LogReader) -> None:
    place = Place(*lane.place)
    async for records in reader.read({place: lane.next}, {place: end}):
        kept = [record for record in records if record.offset not in lane.skipped]
        lane.step.apply(lane.state, kept)


def _resumed(step: Step[Any], context: Context, snapshot: Snapshot, begin: int) -> Lane:
    label = snapshot.label
    if label.position < begin:
        lost = begin - label.position
        log.error("%s: %d records expired before they were folded", context.topic, lost)
    return Lane(
        step,
        context,
        step.load(context, snapshot.data),
        max(label.position, begin),
        generation=label.generation,
        cut_over=label.cut_over,
        skipped=set(label.skipped),
        snapshot_position=label.position,
        checkpoint_at=label.checkpoint_at,
    )


def _afresh(step: Step[Any], context: Context, old: Label | None, begin: int, end: int) -> Lane:
    """Fold from the beginning; what an earlier version said stands and is not said again."""
    lane = Lane(step, context, step.initial(context), begin)
    if begin or old is not None:
        lane.checkpoint_at = 0.0  # before this state there is none from which to fold
    if old is not None and old.position <= end:
        lane.silent_before = old.position
        lane.generation = old.generation
        lane.cut_over = f"{old.version}@{old.position}"
        lane.urgent = True
        log.warning(
            "%s cuts over from version %d to %d at %s/%d/%d", step.name, old.version,
            step.version, context.topic, context.partition, old.position,
        )  # fmt: skip
    return lane
