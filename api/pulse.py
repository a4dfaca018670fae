"""How the installation's own parts are: asked quickly, answered always."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool

from projections.projector import TOPICS
from projections.queries.health import SystemHealth, system_health
from projections.queries.workers import WorkerSeen, seen_workers
from streams.contracts.topics import TELEMETRY
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway, TopicError
from streams.kafka.log_reader import LogReader

_LOG: Final = logging.getLogger("homeostat.api")
PATIENCE_S: Final = 1.0
"""How long the broker may take; longer is as good as away."""
TICKS_LATE_S: Final = 20.0
"""Ticks come every five seconds; so many without one, and the ticker is gone."""
WORKER_LATE_S: Final = 30.0
"""A worker reports on itself every ten seconds."""
PROJECTED: Final = frozenset(topic.name for topic in TOPICS)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: ``ok``, ``starting`` or ``degraded``, and what is known of it.

    `agents` are those as which it reports of itself.
    """

    status: str
    detail: str = ""
    last_seen: float | None = None
    figures: dict[str, float] = field(default_factory=dict)
    agents: list[str] = field(default_factory=list)


class Pulse:
    """Feels every part on demand; keeps one connection for asking where the log ends.

    Parameters
    ----------
    engine : Engine
        The projections.
    connection : Connection
        The broker.
    """

    def __init__(self, engine: Engine, connection: Connection) -> None:
        self._engine = engine
        self._connection = connection
        self._reader: LogReader | None = None
        self._one = asyncio.Lock()
        self._away = False

    async def parts(self, now: float) -> dict[str, Part]:
        """Return every part's state at `now` (seconds since the epoch); never raises."""
        ends = await self._ends()
        broker = Part("degraded", "does not answer") if ends is None else Part("ok")
        try:
            health, workers = await run_in_threadpool(self._asked, ends)
        except DBAPIError as error:
            _LOG.info("views cannot be read: %s", error)
            gone = Part("starting", "the views cannot be read yet")
            waiting = Part("starting", "nothing is known before the views are there")
            return {"broker": broker, "database": gone, "projector": waiting}
        late_s = behind(health, now)  # what was seen of the others is as old as the views
        return {
            "broker": broker,
            "database": Part("ok"),
            "projector": projector_part(health, now),
            "worker": worker_part(workers, now, late_s),
            "ticker": _stalest(health, now, late_s),
        }

    async def progress(self) -> SystemHealth:
        """Return how far the projections are, with lags where the broker answers.

        Raises
        ------
        DBAPIError
            If the views cannot be read.
        """
        ends = await self._ends()
        return await run_in_threadpool(self._ask, ends)

    async def close(self) -> None:
        """Disconnect."""
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.stop()

    async def _ends(self) -> dict[tuple[str, int], int] | None:
        async with self._one:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    if self._reader is None:
                        reader = LogReader(self._connection)
                        await reader.start()
                        self._reader = reader
                    ends = await self._reader.end_offsets(PROJECTED)
            except (BrokerAway, TopicError, TimeoutError) as error:
                self._note(str(error) or f"no answer within {PATIENCE_S:g} s")
                await self.close()
                return None
            self._note("")
            return {(place.topic, place.partition): end for place, end in ends.items()}

    def _note(self, trouble: str) -> None:
        """Log that the broker went away or came back; what lasts is told by whoever asks."""
        if bool(trouble) != self._away:
            self._away = bool(trouble)
            _LOG.info("the broker %s", f"cannot be asked: {trouble}" if trouble else "answers")

    def _ask(self, ends: dict[tuple[str, int], int] | None) -> SystemHealth:
        with self._engine.connect() as connection:
            return system_health(connection, ends)

    def _asked(
        self, ends: dict[tuple[str, int], int] | None
    ) -> tuple[SystemHealth, list[WorkerSeen]]:
        with self._engine.connect() as connection:
            return system_health(connection, ends), seen_workers(connection)


def overall(parts: dict[str, Part]) -> str:
    """Return the worst state of all: degraded, then starting, then ok.

    Examples
    --------
    >>> overall({"broker": Part("ok"), "ticker": Part("starting")})
    'starting'
    """
    states = {part.status for part in parts.values()}
    return next((state for state in ("degraded", "starting") if state in states), "ok")


def behind(health: SystemHealth, now: float) -> float:
    """Return how old the oldest of the newest that is shown is, in seconds; 0 at the log's end.

    Of partitions with records that wait: those of telemetry have a tick every five seconds, the
    others count while they are read, as nothing might have come for days before what waits now.
    """
    times = [
        place.record_time
        for place in health.partitions
        if place.lag and (place.topic == TELEMETRY.name or now - place.updated_at < TICKS_LATE_S)
    ]
    return max(0.0, now - min(times)) if times else 0.0


def projector_part(health: SystemHealth, now: float) -> Part:
    """Judge the projector by how far the views are behind the log, at `now`."""
    if health.updated_at is None:
        return Part("starting", "nothing was projected yet")
    newest = max(p.record_time for p in health.partitions)
    late_s = behind(health, now)
    figures = {"age_s": round(max(now - newest, late_s), 3)}
    if health.lag is not None:
        figures["lag_records"] = float(health.lag)
    detail = ""
    if health.lag and now - health.updated_at > TICKS_LATE_S:
        detail = "records wait, and nothing was projected lately"
    elif late_s > TICKS_LATE_S:
        detail = f"views show what was {late_s:.0f} s ago; {health.lag:,} records wait"
    return Part("degraded" if detail else "ok", detail, health.updated_at, figures)


def worker_part(workers: Sequence[WorkerSeen], now: float, late_s: float) -> Part:
    """Judge the workers by the one that was heard of last, and by what they have to learn.

    Parameters
    ----------
    workers : sequence of WorkerSeen
        All that were ever heard of.
    late_s : float
        How old what the views show is.
    """
    if not workers:
        return Part("starting", "no worker has reported yet")
    seen, patience_s = max(worker.last_seen for worker in workers), WORKER_LATE_S + late_s
    part = replace(_aged(seen, now, patience_s), agents=[worker.agent_id for worker in workers])
    living = [worker.metrics for worker in workers if now - worker.last_seen <= patience_s]
    learning = [each for each in living if each.get("relearning_records", 0.0) > 0.0]
    if not learning:
        return part
    left = sum(each["relearning_records"] for each in learning)
    rate = sum(each.get("records_per_s", 0.0) for each in learning)
    time_left = f"{left / rate / 60.0:.1f} min" if rate else "an unknown time"
    detail = f"learns anew from {left:,.0f} records, which takes {time_left}; nothing new is judged"
    figures = part.figures | {"relearning_records": left, "records_per_s": rate}
    return replace(part, status="degraded", detail=detail, figures=figures)


def _stalest(health: SystemHealth, now: float, late_s: float) -> Part:
    """Judge the ticker by the telemetry partition that heard from it least recently."""
    times = [p.record_time for p in health.partitions if p.topic == TELEMETRY.name]
    if not times:
        return Part("starting", "no tick was written yet")
    return _aged(min(times), now, TICKS_LATE_S + late_s)


def _aged(seen: float, now: float, late_s: float) -> Part:
    age = round(now - seen, 3)
    late = age > late_s
    detail = f"nothing for {age:.0f} s; it should write within {late_s:.0f} s" if late else ""
    return Part("degraded" if late else "ok", detail, seen, {"age_s": age})
