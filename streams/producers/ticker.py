"""The ticker: time as a message, written by whoever holds the lease.

The lease is a membership: of all candidates in one consumer group, the owner of the single
partition of `timers` ticks. Two tickers at once, for a moment, do no harm: a step's time is the
maximum that it has seen.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any, Final

import msgspec

from streams.contracts.envelope import decode_event
from streams.contracts.errors import ContractError
from streams.contracts.events.system import TimerSet
from streams.contracts.record import Outgoing, Record
from streams.contracts.telemetry import encode_tick
from streams.contracts.topics import CORRELATION, DECISIONS, GOVERNANCE, TELEMETRY, TIMERS
from streams.contracts.trust import RecordKind, Signer
from streams.kafka.complaints import Complaints
from streams.kafka.connection import HEARTBEATS, Connection
from streams.kafka.errors import PublishError
from streams.kafka.fetching import make_ours, ours
from streams.kafka.publisher import Publisher
from streams.kafka.starting import started, stopped
from streams.producers.log_clock import LogClock, last_told

log = logging.getLogger(__name__)

PERIOD_S: Final = 5.0
COALESCE_S: Final = 0.1
LOOK_BACK_S: Final = 600.0
"""How far back a new holder reads timers; older ones are met by the regular ticks."""
INBOXES: Final = (TELEMETRY.name, DECISIONS.name, GOVERNANCE.name, CORRELATION.name)
_IDLE_MS: Final = 1000

Place = tuple[str, int]


class Timetable:
    """When which partition is due: regular ticks for all, extra ones where a timer waits.

    Pure: the time is handed in.

    Parameters
    ----------
    now : float
        Epoch seconds; the first regular tick is the next multiple of the period.
    """

    def __init__(self, now: float) -> None:
        self.regular = (now // PERIOD_S + 1) * PERIOD_S
        self._due: dict[Place, float] = {}
        self._fired = 0.0

    def add(self, timer: TimerSet, now: float) -> None:
        """Remember `timer` where it is earlier than what waits for its partition."""
        place = (timer.inbox, timer.partition)
        if timer.due < now - PERIOD_S:
            return  # a regular tick has met it
        self._due[place] = min(timer.due, self._due.get(place, timer.due))

    def wait_s(self, now: float) -> float:
        """Return how long nothing is due."""
        extra = min(self._due.values(), default=self.regular)
        return max(min(self.regular, max(extra, self._fired + COALESCE_S)) - now, 0.0)

    def take(self, now: float) -> tuple[bool, list[Place]]:
        """Return whether a regular tick is due, and which partitions else; both are then done."""
        if now >= self.regular:
            self.regular = (now // PERIOD_S + 1) * PERIOD_S
            self._due = {place: due for place, due in self._due.items() if due > now}
            return True, []
        if now < self._fired + COALESCE_S:
            return False, []
        places = [place for place, due in self._due.items() if due <= now]
        for place in places:
            del self._due[place]
        if places:
            self._fired = now
        return False, places


class Ticker:
    """A candidate for the lease, and the ticker while it holds it.

    Parameters
    ----------
    connection : Connection
        How to reach the broker.
    signer : Signer
        Signs ticks and checks timers.
    slot : int
        Unique among candidates, so that a restarted one keeps the lease.
    group : str
        The consumer group of the candidates.
    """

    def __init__(
        self, connection: Connection, signer: Signer, slot: int, *, group: str = "homeostat-ticker"
    ) -> None:
        self._connection = connection
        self._signer = signer
        self._slot = slot
        self._group = group
        self._timetable: Timetable | None = None
        self._clock = LogClock()
        self._publisher = Publisher(connection)
        self._complaints = Complaints(log, logging.WARNING)

    async def run(self) -> None:
        """Tick whenever the lease is ours, until cancelled."""
        consumer = self._consumer()
        async with self._publisher:
            await started(consumer)
            try:
                make_ours(consumer)
                while True:
                    await self._turn(consumer)
            finally:
                await stopped(consumer)

    async def _turn(self, consumer: Any) -> None:
        if not consumer.assignment():
            self._timetable = None
            await consumer.getmany(timeout_ms=_IDLE_MS)
            return
        if self._timetable is None:
            self._clock.told(await last_told(self._connection, self._signer))
            self._timetable = Timetable(self._clock.now())
            if not await self._look_back(consumer):
                self._timetable = None
                return
        wait_s = self._timetable.wait_s(self._clock.now())
        fetched = await consumer.getmany(timeout_ms=int(min(wait_s, 1.0) * 1000) + 1)
        self._note([record for raw in fetched.values() for record in ours(raw)])
        await self._fire()

    def _note(self, records: list[Record]) -> None:
        if self._timetable is None:
            return
        for record in records:
            try:
                if self._signer.kind_of(record) is RecordKind.EVENT:
                    timer = msgspec.convert(decode_event(record.value).data, TimerSet)
                    self._timetable.add(timer, self._clock.now())
            except (ContractError, msgspec.ValidationError) as error:
                told = f"timer at {record.position} is not one of ours: {error}"
                self._complaints.tell("timer", told)

    async def _fire(self) -> None:
        if self._timetable is None:
            return
        now = self._clock.now()
        regular, places = self._timetable.take(now)
        try:
            if regular:
                for topic in INBOXES:
                    value = encode_tick(now)
                    await self._publisher.broadcast(topic, value, self._signer, RecordKind.TICK)
            elif places:
                await self._publisher.publish([self._tick(place, now) for place in places])
        except PublishError as error:
            self._complaints.tell("tick", f"a tick was not written: {error}")
            await asyncio.sleep(1.0)

    def _tick(self, place: Place, now: float) -> Outgoing:
        record = Outgoing(place[0], None, encode_tick(now), partition=place[1])
        return self._signer.sign(record, RecordKind.TICK)

    def _consumer(self) -> Any:
        from aiokafka import AIOKafkaConsumer

        return AIOKafkaConsumer(
            TIMERS.name,
            **self._connection.client_options(),
            group_id=self._group,
            group_instance_id=f"{self._group}-{self._slot}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=int(self._connection.session_s * 1000),
            heartbeat_interval_ms=int(self._connection.session_s * 1000 / HEARTBEATS),
            fetch_max_wait_ms=1000,
        )

    async def _look_back(self, consumer: Any) -> bool:
        """Read on from what was announced lately: the last holder may have left it undone.

        Returns
        -------
        bool
            False where the lease went to another meanwhile.
        """
        from aiokafka.errors import IllegalStateError

        try:
            await self._seek_back(consumer)
        except IllegalStateError:
            return False
        return True

    async def _seek_back(self, consumer: Any) -> None:
        partitions = list(consumer.assignment())
        since = dict.fromkeys(partitions, int((time.time() - LOOK_BACK_S) * 1000))
        found = await consumer.offsets_for_times(since)
        for partition, hit in found.items():
            if hit is not None:
                consumer.seek(partition, hit.offset)
            else:
                await consumer.seek_to_end(partition)
