"""Holds the lanes that this worker owns, and applies batches to them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from faust.types import TP

from processors.runtime.cut_over import cut, cut_over
from processors.runtime.ending import Ending
from processors.runtime.folding import Sieve, fold
from processors.runtime.lane import Lane
from processors.runtime.outputs import Outputs
from processors.runtime.restore import Restorer
from processors.runtime.snapshots import Snapshots
from processors.runtime.taking_over import LaterVersion
from processors.runtime.timers import announcement
from streams.contracts.record import Outgoing, Record
from streams.kafka.errors import BrokerAway
from streams.traces.work import Work

log = logging.getLogger(__name__)

RESTORE_S: Final = 45.0
"""How long restoring may go on without one more partition restored."""


class Owner:
    """The `Ownership` of the transport, and the order of things for each batch.

    Fold, seal, produce, and snapshot once the broker has it all.
    """

    def __init__(
        self, restorer: Restorer, outputs: Outputs, snapshots: Snapshots, end: Ending
    ) -> None:
        self._restorer = restorer
        self._outputs = outputs
        self._snapshots = snapshots
        self._end = end
        self._restoring = asyncio.Lock()
        self._loading: asyncio.Future[list[Lane]] | None = None
        self.lanes: dict[tuple[str, int], Lane] = {}
        self.assigned = asyncio.Event()
        self.records = 0
        self.dead_letters = 0
        self.skips = 0

    @property
    def restored(self) -> int:
        """Partitions restored so far, also while others still are."""
        return self._restorer.restored

    def drop(self) -> None:
        """Forget every lane, and give up restoring others; see `Ownership.drop`."""
        if self._loading is not None:
            self._loading.cancel()
            self._loading = None
        lanes, self.lanes = self.lanes, {}
        for lane in lanes.values():
            lane.alive = False
        while lanes:
            lanes.popitem()  # one by one: other threads wait while millions of objects are let go

    async def positions(self, partitions: Iterable[TP]) -> Mapping[TP, int]:
        """Return the next offsets; see `Ownership.positions`."""
        wanted = list(partitions)
        async with self._restoring:
            missing = [(tp.topic, tp.partition) for tp in wanted]
            missing = [place for place in missing if place not in self.lanes]
            if missing and not await self._take(missing):
                return {}
            self.assigned.set()
            return {tp: self.lanes[tp.topic, tp.partition].next for tp in wanted}

    async def _take(self, places: Sequence[tuple[str, int]]) -> bool:
        """Restore lanes; False where they were revoked meanwhile, and so are not ours."""
        self._loading = loading = asyncio.ensure_future(self._restored(places))
        try:
            await asyncio.wait({loading})
        finally:
            loading.cancel()
        if self._loading is not loading:
            return False
        self._loading = None
        self.lanes |= {lane.place: lane for lane in loading.result()}
        return True

    async def apply(self, place: tuple[str, int], fetched: Sequence[Record]) -> None:
        """Fold one batch and send what follows.

        A batch that does not follow on what was folded means that records were passed by:
        the process ends and resumes, because a seek in flight cannot be trusted.
        """
        lane = self.lanes.get(place)
        if lane is None or fetched[-1].offset < lane.next:
            return
        if fetched[0].offset > lane.next:
            self._end(f"{place}: offset {fetched[0].offset} came where {lane.next} was due")
        records = fetched
        if fetched[0].offset < lane.next:
            records = [record for record in fetched if record.offset >= lane.next]
        if lane.undecided:
            await self._restorer.decide(lane)
        for piece in (records,) if lane.crossed else cut(records, lane.silent_before):
            if lane.alive:
                await self._apply(lane, piece)

    async def _apply(self, lane: Lane, records: Sequence[Record]) -> None:
        """Fold `records`, all before the lane's cut-over or all behind it."""
        if not lane.crossed and records[0].offset >= lane.silent_before:
            await self._cross(lane, records[0])
        work = Work(time.time_ns(), records)
        sealed = await self._folded(lane, records)
        self.records += len(records)
        lane.since_snapshot += len(records)
        if lane.alive and (sealed := _with_own(lane, records, sealed)):
            await self._send(lane, sealed, work)
        if lane.alive:
            self._snapshots.consider(lane)
            await self._snapshots.keep_pace(lane)

    async def _cross(self, lane: Lane, first: Record) -> None:
        """Put on record that the lane's version speaks from `first` on, and keep its state.

        The log says so before the version says anything: whoever takes over once more, because
        this process ends before the state is kept, then does so at the same place.
        """
        told = cut_over(lane, first)
        await asyncio.gather(*await self._outputs.send([] if told is None else [told]))
        if lane.writing is not None and not lane.writing.done():
            await asyncio.wait({lane.writing})
        if lane.alive:
            lane.crossed = True
            lane.time = lane.time or first.timestamp
            self._snapshots.begin(lane, checkpoint=True)

    async def _send(self, lane: Lane, sealed: Sequence[Outgoing], work: Work) -> None:
        lane.unsent = True  # a snapshot begun meanwhile would imply facts that may never land
        lane.pending.extend(await self._outputs.send(sealed, work))
        lane.unsent = False
        lane.forget_acknowledged()

    async def _folded(self, lane: Lane, records: Sequence[Record]) -> list[Outgoing]:
        began = time.perf_counter()
        try:
            return fold(lane, records)
        except Exception as error:  # noqa: BLE001  a step may raise anything
            log.warning("%s: looking for the record that fails: %r", lane.step.name, error)
        finally:
            lane.folding_s += time.perf_counter() - began
        lane.sound = False
        await self._restorer.rebuild(lane, RESTORE_S)
        lane.sound = True
        sieve = Sieve(lane)
        sealed = sieve.fold(records)
        self.dead_letters += sieve.dead_letters
        self.skips += sieve.skips
        return sealed

    async def _restored(self, places: Sequence[tuple[str, int]]) -> list[Lane]:
        try:
            return await self._restorer.load(places, RESTORE_S)
        except (BrokerAway, TimeoutError) as error:
            self._end(f"the state of {len(places)} partitions could not be loaded: {error!r}")
        except LaterVersion as error:
            self._end(str(error))


def _with_own(lane: Lane, records: Sequence[Record], sealed: list[Outgoing]) -> list[Outgoing]:
    """Return `sealed` with what the runtime itself has to say after folding `records`."""
    own = announcement(lane, records[-1])
    return sealed if own is None else [*sealed, own]
