"""Where each partition goes on, and with what state: the last snapshot, or the beginning."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from processors.parts import loaded
from processors.runtime.heap import uncollected
from processors.runtime.lane import Lane
from processors.runtime.snapshot_format import Assembly
from processors.runtime.spoken import how_far, known
from processors.runtime.states import States
from processors.runtime.tails import Tail
from processors.runtime.taking_over import first_left, take_over
from processors.step import Context, Step
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
"""How long one partition may take before the broker is asked anew."""
_PAUSE_S: Final = 0.3
_TOLD_S: Final = 10.0
"""Between two words on how far a long restoring is."""
_LOOK_MS: Final = 10


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

    Attributes
    ----------
    restored : int
        Partitions restored so far, ever.
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
        self.restored = 0
        self._deciding = asyncio.Lock()
        self._taking_over: dict[tuple[str, int], Lane] = {}

    async def load(self, places: Iterable[tuple[str, int]], patience_s: float) -> list[Lane]:
        """Return a lane for each place.

        Raises
        ------
        TimeoutError
            When `patience_s` has passed and not one more was restored.
        """
        lanes = await self._loaded([Place(*place) for place in places], patience_s)
        self._taking_over |= {lane.place: lane for lane in lanes if lane.undecided}
        return lanes

    async def _loaded(self, wanted: Sequence[Place], patience_s: float) -> list[Lane]:
        loaded: dict[Place, Lane] = {}
        progress = _Progress(len(wanted))
        async with asyncio.timeout(patience_s) as patience:

            def went_on() -> None:
                self.restored += 1
                progress.tell(len(loaded))
                patience.reschedule(_moment_in(patience_s))

            while True:
                try:
                    await self._attempt(wanted, loaded, went_on)
                    return [loaded[place] for place in wanted]
                except (BrokerAway, TimeoutError) as error:
                    log.warning("restoring again, for %r", error)
                    await asyncio.sleep(_PAUSE_S)

    async def _attempt(
        self, wanted: Sequence[Place], loaded: dict[Place, Lane], went_on: Callable[[], None]
    ) -> None:
        """Load what is not in `loaded`; what an attempt has done, stays."""
        async with asyncio.timeout(_ATTEMPT_S) as attempt, LogReader(self._connection) as reader:
            async for place, lane in self._load(reader, wanted, loaded):
                loaded[place] = lane
                attempt.reschedule(_moment_in(_ATTEMPT_S))
                went_on()

    async def rebuild(self, lane: Lane, patience_s: float) -> None:
        """Fold `lane` again up to its position; what follows was sent before."""
        (fresh,) = await self._loaded([Place(*lane.place)], patience_s)
        fresh.skipped |= lane.skipped
        if fresh.next < lane.next:
            async with asyncio.timeout(patience_s), LogReader(self._connection) as reader:
                await _fold_up_to(lane.next, fresh, reader)
        lane.state = fresh.state

    async def decide(self, lane: Lane) -> None:
        """Find out from where on a lane that takes over speaks; nothing is folded before.

        The other lanes of its step, which came with it, are decided along with it: much of what
        is to be read would have to be read for each of them.

        Raises
        ------
        BrokerAway
            Where the log cannot be read.
        """
        async with self._deciding:
            if not lane.undecided:
                return
            others = [n for n in self._taking_over.values() if n.alive and n.undecided]
            self._taking_over = {each.place: each for each in others}
            lanes = {n.place: n for n in (*others, lane) if n.step is lane.step}
            # Many short readings one after another: none is to wait for records that do not come.
            async with LogReader(self._connection, wait_ms=_LOOK_MS) as reader:
                found = await how_far(list(lanes.values()), reader)
            for place, each in lanes.items():
                if (cut_over := found.get(Place(*place))) is not None:
                    each.cut_over = cut_over
                if cut_over is not None or each is lane:
                    each.silent_before, each.undecided = known(each).offset, False

    async def _load(
        self, reader: LogReader, places: Sequence[Place], loaded: Collection[Place]
    ) -> AsyncIterator[tuple[Place, Lane]]:
        """Give one after the other what is not in `loaded`."""
        wanted = [place for place in places if place not in loaded]
        if not wanted:
            return
        inboxes = {place.topic for place in wanted}
        begins = await reader.beginning_offsets(inboxes)
        ends = await reader.end_offsets(inboxes)
        stores = {
            place: Place(snapshots_of(self._steps[place.topic].inbox).name, place.partition)
            for place in wanted
        }
        found = await self._tails(reader, list(stores.values()))
        for place in wanted:
            kept = range(begins[place], ends[place])
            yield place, await self._lane(reader, place, found.pop(stores[place]), kept)

    async def _tails(self, reader: LogReader, stores: Sequence[Place]) -> dict[Place, Tail]:
        topics = {store.topic for store in stores}
        begins = await reader.beginning_offsets(topics)
        ends = await reader.end_offsets(topics)
        tails = {
            store: Tail(
                Assembly(self._signer),
                store,
                begins[store],
                max(begins[store], ends[store] - TAIL),
                ends[store],
            )
            for store in stores
        }
        starts = {store: tail.start for store, tail in tails.items()}
        async for records in reader.read(starts, {store: ends[store] for store in stores}):
            tails[Place(records[0].topic, records[0].partition)].assembly.add(records)
        return tails

    async def _lane(self, reader: LogReader, place: Place, tail: Tail, kept: range) -> Lane:
        step = self._steps[place.topic]
        context = Context(*place, self._partitions[place.topic], self._signer)
        states = States(reader, self._signer, step, place, tail, kept)
        lane = await _resumed(step, context, states, kept)
        if lane is None:
            lane = await take_over(step, context, states.earlier(), states.superseded, kept)
        if lane is None:
            lane = Lane(step, context, step.initial(context), kept.start)
            lane.checkpoint_at = 0.0 if kept.start else None
        if lane.learns and lane.next:
            await _under_policy(lane, reader, kept.stop)
        lane.book.stale = tail.assembly.books()
        return lane


def _moment_in(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


class _Progress:
    """Says how far a restoring is that lasts."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._began = self._told = time.monotonic()

    def tell(self, restored: int) -> None:
        now = time.monotonic()
        if now - self._told < _TOLD_S:
            return
        self._told = now
        left_s = (now - self._began) / restored * (self._wanted - restored)
        log.warning(
            "restored %d of %d partitions, about %.0f s left", restored, self._wanted, left_s
        )


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


async def _resumed(step: Step[Any], context: Context, states: States, kept: range) -> Lane | None:
    """Return the lane that goes on where this version was, if it was there."""
    snapshot = await states.own()
    if snapshot is None:
        return None
    label = snapshot.label
    begin = first_left(label, context, kept)
    with uncollected():
        state = loaded(step, context, snapshot.data)
    lane = Lane(step, context, state, begin)
    lane.learns = False
    lane.generation, lane.snapshot_position = label.generation, label.position
    lane.cut_over, lane.silent_before = label.took_over, label.since
    lane.crossed = lane.next > lane.silent_before or lane.cut_over is None
    lane.skipped, lane.checkpoint_at = set(label.skipped), label.checkpoint_at
    return lane
