"""The time that ticks tell: it never goes back, and never stands still."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from streams.contracts.errors import ContractError
from streams.contracts.record import Record
from streams.contracts.telemetry import decode_tick
from streams.contracts.topics import GOVERNANCE
from streams.contracts.trust import RecordKind, Signer
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader, Place

PACE: Final = 0.75
"""How fast time goes on that the wall clock is behind: an hour is caught up with in four, and what
is due after a minute meanwhile comes after eighty seconds."""

_TAIL: Final = 64
"""Records that are read first, from the end, to find the last tick."""


class LogClock:
    """Follows the wall clock; where that was set back, goes on from there, slower, until they meet.

    Steps keep the latest time that they have seen. Did ticks go back with the wall clock, nothing
    would be due until it has caught up.

    Parameters
    ----------
    wall : callable
        Seconds since the epoch.
    steady : callable
        Seconds that nobody sets.

    Examples
    --------
    >>> wall, steady = iter([100.0, 40.0, 41.0]), iter([0.0, 0.0, 4.0, 8.0])
    >>> clock = LogClock(lambda: next(wall), lambda: next(steady))
    >>> clock.now(), clock.now(), clock.now()
    (100.0, 103.0, 106.0)
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._at, self._looked = 0.0, steady()

    def now(self) -> float:
        """Return seconds since the epoch, never fewer than before."""
        looked = self._steady()
        self._at = max(self._wall(), self._at + PACE * (looked - self._looked))
        self._looked = looked
        return self._at

    def told(self, at: float) -> None:
        """Go on from `at`, which the log has seen, at the earliest."""
        self._at = max(self.now(), at)


async def last_told(connection: Connection, signer: Signer) -> float:
    """Return the time that the log has seen: of its last tick, or of a record beside it."""
    place, latest, ticked, tail = Place(GOVERNANCE.name, 0), 0.0, False, _TAIL
    async with LogReader(connection) as reader:
        begin = (await reader.beginning_offsets([GOVERNANCE.name]))[place]
        first = (await reader.end_offsets([GOVERNANCE.name]))[place]
        while first > begin and not ticked:
            last, first, tail = first, max(begin, first - tail), 2 * tail
            async for records in reader.read({place: first}, {place: last}):
                ticks = [at for record in records if (at := _ticked(record, signer)) is not None]
                latest = max(latest, *(record.timestamp for record in records), *ticks)
                ticked = ticked or bool(ticks)
    return latest


def _ticked(record: Record, signer: Signer) -> float | None:
    try:
        tick = signer.kind_of(record) is RecordKind.TICK
    except ContractError:
        return None  # forged: the step that reads it says so
    return decode_tick(record.value or b"") if tick else None
