"""Liveness is progress: a worker that does not advance, or was frozen, ends itself."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Mapping
from typing import Final

from processors.runtime.ending import Ending
from processors.runtime.owner import Owner
from streams.kafka.complaints import Complaints
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway
from streams.kafka.log_reader import LogReader, Offsets, Place

log = logging.getLogger(__name__)

STUCK_S: Final = 60.0
TURNS: Final = 5
LOOK_S: Final = 10.0
_BEAT_S: Final = 0.5


class Progress:
    """Judges whether lanes advance while records wait for them.

    The lanes of an inbox take turns: after an outage one of them may have to wait while the others
    catch up. That is granted, though not for ever.

    Parameters
    ----------
    limit_s : float
        How long a lane with waiting records may stand still; `TURNS` times as long while other
        lanes of its inbox advance and are not done either.
    """

    def __init__(self, limit_s: float = STUCK_S) -> None:
        self._limit_s = limit_s
        self._moved: dict[tuple[str, int], tuple[int, float]] = {}
        self._busy: dict[str, float] = {}

    def stuck(
        self, positions: Mapping[tuple[str, int], int], ends: Mapping[Place, int], now: float
    ) -> list[tuple[str, int]]:
        """Return the places that have stood still for too long, at `now` (monotonic seconds)."""
        for place, position in positions.items():
            before, since = self._moved.get(place, (position, now))
            waiting = position < ends.get(Place(*place), 0)
            if position != before and waiting:
                self._busy[place[0]] = now
            if position != before or not waiting:
                since = now
            self._moved[place] = (position, since)
        for place in self._moved.keys() - positions.keys():
            del self._moved[place]
        return [
            place for place, (_, since) in self._moved.items() if self._too_long(place, since, now)
        ]

    def _too_long(self, place: tuple[str, int], since: float, now: float) -> bool:
        busy = now - self._busy.get(place[0], float("-inf")) < self._limit_s
        return now - since >= self._limit_s * (TURNS if busy else 1)


class Watchdog:
    """Looks twice a second whether the process was frozen, and at progress every ten.

    Attributes
    ----------
    lag : int
        Records that wait, at the last look.
    """

    def __init__(
        self, connection: Connection, owner: Owner, inboxes: list[str], end: Ending
    ) -> None:
        self._connection = connection
        self._owner = owner
        self._inboxes = inboxes
        self._end = end
        self._progress = Progress()
        self._unassigned_since: float | None = None
        self._restored = 0
        self._complaints = Complaints(log, logging.WARNING)
        self._beat = time.monotonic()
        self.lag = 0

    async def watch_loop(self, session_s: float) -> None:
        """End the process when it was frozen for longer than its membership lasts.

        A thread looks: a loop that folds the end of a large window is late as well, but meanwhile
        the consumer's own thread keeps up the membership.
        """
        stop = threading.Event()
        watching = threading.Thread(
            target=self._watch, args=(session_s, stop), name="watchdog", daemon=True
        )
        watching.start()
        try:
            while True:
                self._beat = time.monotonic()
                await asyncio.sleep(_BEAT_S)
        finally:
            stop.set()

    def _watch(self, session_s: float, stop: threading.Event) -> None:
        before = time.monotonic()
        while not stop.wait(_BEAT_S):
            now = time.monotonic()
            late = now - before - _BEAT_S
            if late > session_s:
                self._end(f"the loop stood still for {late:.1f} s: partitions are not ours now")
            if now - self._beat > STUCK_S:
                self._end(f"the loop has stood still for {now - self._beat:.0f} s")
            before = now

    async def watch_progress(self) -> None:
        """End the process when records wait and nothing moves."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                async with asyncio.timeout(LOOK_S), LogReader(self._connection) as reader:
                    ends = await reader.end_offsets(self._inboxes)
            except (BrokerAway, TimeoutError) as error:
                told = f"progress is not judged while the broker is away: {error!r}"
                self._complaints.tell("away", told)
                self._progress = Progress()
                self._unassigned_since = None
                continue
            self._judge(ends)

    def _judge(self, ends: Offsets) -> None:
        now = time.monotonic()
        positions = {place: lane.next for place, lane in self._owner.lanes.items()}
        self.lag = sum(max(ends.get(Place(*p), 0) - at, 0) for p, at in positions.items())
        if stuck := self._progress.stuck(positions, ends, now):
            self._end(f"no progress for {STUCK_S:.0f} s on {stuck}")
        if self._owner.assigned.is_set():
            return
        if self._owner.restored > self._restored:
            self._restored, self._unassigned_since = self._owner.restored, now
        self._unassigned_since = self._unassigned_since or now
        if now - self._unassigned_since >= STUCK_S:
            self._end(f"no partition was assigned in {STUCK_S:.0f} s")
