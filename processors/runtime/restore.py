"""Where each partition goes on, and with what state: the last snapshot, or the beginning."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from processors.runtime.lane import Lane
from processors.runtime.snapshot_format import Assembly, Snapshot
from processors.step import Context, Step
from streams.contracts.topics import snapshots_of
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway
from streams.kafka.log_reader import LogReader, Offsets, Place

log = logging.getLogger(__name__)

TAIL: Final = 40
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
        assemblies = await self._snapshots(reader, list(stores.values()))
        return [
            self._lane(place, assemblies[stores[place]], begins[place], ends[place])
            for place in wanted
        ]

    async def _snapshots(self, reader: LogReader, stores: Sequence[Place]) -> dict[Place, Assembly]:
        topics = {store.topic for store in stores}
        begins = await reader.beginning_offsets(topics)
        ends = await reader.end_offsets(topics)
        tails = {store: max(begins[store], ends[store] - TAIL) for store in stores}
        found = await self._assemble(reader, tails, ends)
        # A snapshot of more chunks than the tail holds, or none: look at everything.
        short = {s: begins[s] for s in stores if not found[s].whole and tails[s] > begins[s]}
        return found | await self._assemble(reader, short, ends)

    async def _assemble(
        self, reader: LogReader, starts: Offsets, ends: Offsets
    ) -> dict[Place, Assembly]:
        found = {store: Assembly(self._signer) for store in starts}
        async for records in reader.read(starts, {store: ends[store] for store in starts}):
            found[Place(records[0].topic, records[0].partition)].add(records)
        return found

    def _lane(self, place: Place, assembly: Assembly, begin: int, end: int) -> Lane:
        step = self._steps[place.topic]
        context = Context(*place, self._partitions[place.topic], self._signer)
        snapshot = assembly.best(step.name, step.version)
        if snapshot is not None and snapshot.label.position <= end:
            return _resumed(step, context, snapshot, begin)
        return _afresh(step, context, assembly.superseded(step.name, step.version), begin, end)


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
    )


def _afresh(step: Step[Any], context: Context, old: Snapshot | None, begin: int, end: int) -> Lane:
    """Fold from the beginning; what an earlier version said stands and is not said again."""
    lane = Lane(step, context, step.initial(context), begin)
    if old is not None and old.label.position <= end:
        lane.silent_before = old.label.position
        lane.generation = old.label.generation
        lane.cut_over = f"{old.label.version}@{old.label.position}"
        lane.urgent = True
        log.warning(
            "%s cuts over from version %d to %d at %s/%d/%d", step.name, old.label.version,
            step.version, context.topic, context.partition, old.label.position,
        )  # fmt: skip
    return lane
