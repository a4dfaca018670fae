"""Views as they were at a moment, folded from the log into a database of their own.

What counts is when a thing happened, as `as_of` counts: of each agent, finding and action the facts
up to the first that is later than the moment, and heartbeats by the time at which they came. Facts
may lie in the log long after they happened, so it is read to its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, Table, select
from sqlalchemy.exc import ArgumentError, DBAPIError

from config.settings import Settings
from projections.database import open_database
from projections.migrations import prepare
from projections.models import positions
from projections.opening import open_fact
from projections.projector import FACTS
from projections.read_models import things
from projections.replay.expired import expired_telemetry
from projections.replay.progress import Progress, Report
from projections.rows import Key, Seen
from projections.views import Views
from streams.contracts.envelope import rfc3339
from streams.contracts.errors import ContractError
from streams.contracts.record import Position, Record
from streams.contracts.topics import TELEMETRY
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader, Place

OWNER: Final = "until"
_MILLISECOND: Final = 0.001
"""Records are stamped in whole ones."""


class UntilError(ValueError):
    """A moment, a position or a database that cannot be used; says which, and the remedy."""


@dataclass(frozen=True, slots=True)
class UntilReport:
    """What was folded: up to when (epoch seconds), how many records, how long it took.

    `note` says what cannot be known any more, if anything.
    """

    moment: float
    records: int
    seconds: float
    database: str
    note: str = ""


async def until(
    settings: Settings,
    connection: Connection,
    moment_or_position: str,
    database_url: str,
    report: Report,
) -> UntilReport:
    """Fold the log up to a moment into a database of its own.

    Parameters
    ----------
    moment_or_position : str
        RFC 3339 with an offset, epoch seconds, or the `position` of a receipt: then the moment
        at which that record came into the log.
    database_url : str
        An empty one: ``sqlite:///PATH``, ``postgresql://…`` or the path of a file to make.
    report : callable
        Takes progress, rate and time left, line by line.

    Raises
    ------
    UntilError
        Where the moment is none, lies ahead, or the database holds views already.
    BrokerAway, TopicError, PositionLost
        Where the log cannot be read.
    """
    url = _url(database_url)
    if url == settings.database:
        raise UntilError(f"database is {database_url!r}, the live one; name one that is empty")
    async with LogReader(connection) as reader:
        moment = await _moment(reader, moment_or_position)
        engine = _opened(url)
        try:
            _make_empty(engine)
            signer = Signer(settings.secret())
            views = Views(engine, signer, settings.partitions, OWNER)
            done = await fold_until(reader, views, signer, moment, report)
            expired = await expired_telemetry(reader)
        finally:
            engine.dispose()
    told = f"{done.records:,} records read in {done.seconds:.1f} s"
    report(f"{_shown(engine)} holds the views as of {rfc3339(moment)}: {told}")
    note = f"{expired}: of what agents sent before it, facts and windows tell" if expired else ""
    if note:
        report(note)
    return UntilReport(moment, done.records, done.seconds, url, note)


@dataclass(frozen=True, slots=True)
class Folded:
    """How many records were read, and for how many seconds."""

    records: int
    seconds: float


async def fold_until(
    reader: LogReader, views: Views, signer: Signer, moment: float, report: Report
) -> Folded:
    """Fold what happened by `moment` (epoch seconds) into `views`: facts first, then heartbeats."""
    begun, records = time.monotonic(), 0
    happened = Happened(signer, moment)
    facts = [topic.name for topic in FACTS]
    telemetry = [TELEMETRY.name]
    ends = {
        "facts": await reader.end_offsets(facts),
        "telemetry": await reader.offsets_at(telemetry, moment + _MILLISECOND),
    }
    for what, topics in (("facts", facts), ("telemetry", telemetry)):
        start, goal = await reader.beginning_offsets(topics), ends[what]
        total = sum(max(0, goal[place] - first) for place, first in start.items())
        progress = Progress(f"folding {what}", total, report)
        async for batch in reader.read(start, goal):
            views.write([record for record in batch if happened(record)])
            progress.add(len(batch))
        progress.finish()
        records += progress.done
    return Folded(records, time.monotonic() - begun)


class Happened:
    """Says of each record, in the order of the log, whether it belongs to the past of a moment.

    Parameters
    ----------
    signer : Signer
        Opens facts.
    moment : float
        Epoch seconds.
    """

    def __init__(self, signer: Signer, moment: float) -> None:
        self._signer = signer
        self._moment = moment
        self._passed: set[tuple[Table, Key]] = set()

    def __call__(self, record: Record) -> bool:
        """Return whether `record` counts; what follows a later fact of the same thing does not."""
        if record.topic == TELEMETRY.name:
            return record.timestamp <= self._moment
        try:
            seen = open_fact(record, self._signer)
        except ContractError:  # the views keep it as refused, from when it came
            return record.timestamp <= self._moment
        return self._counts(seen)

    def _counts(self, seen: Seen) -> bool:
        touched = things(seen)
        if seen.at > self._moment:
            self._passed.update(touched)
            return False
        return self._passed.isdisjoint(touched)


async def _moment(reader: LogReader, text: str) -> float:
    readings: tuple[Callable[[str], float], ...] = (float, _rfc3339)
    for reading in readings:
        try:
            moment = reading(text)
        except ValueError:
            continue
        if not 0 <= moment <= time.time():
            raise UntilError(f"until is {text!r}; give a moment that is over")
        return moment
    return await _written_at(reader, text)


def _rfc3339(text: str) -> float:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without an offset")
    return moment.timestamp()


async def _written_at(reader: LogReader, text: str) -> float:
    """Return when the record at a receipt's position was in the log, to the millisecond."""
    try:
        position = Position.parse(text)
    except ValueError as error:
        remedy = "give RFC 3339 with an offset, epoch seconds, or the position of a receipt"
        raise UntilError(f"until is {text!r}; {remedy}") from error
    place = Place(position.topic, position.partition)
    ends = await reader.end_offsets([position.topic])
    if position.offset >= ends.get(place, 0):
        raise UntilError(f"until is {text!r}; the log does not reach that far")
    first = (await reader.beginning_offsets([position.topic]))[place]
    async for batch in reader.read(
        {place: max(first, position.offset)}, {place: position.offset + 1}
    ):
        return batch[0].timestamp + _MILLISECOND
    raise UntilError(f"until is {text!r}; that record is kept no longer, name a later one")


def _url(database: str) -> str:
    return database if "://" in database else f"sqlite:///{Path(database).absolute()}"


def _shown(engine: Engine) -> str:
    """Return where a database lies, for a person: a file's path, or a URL without password."""
    path = engine.url.database if engine.dialect.name == "sqlite" else None
    return path or engine.url.render_as_string(hide_password=True)


def _opened(url: str) -> Engine:
    try:
        return open_database(url)
    except (ValueError, ArgumentError) as error:
        raise UntilError(f"database: {error}") from error


def _make_empty(engine: Engine) -> None:
    """Make the tables in an empty database; refuse one that holds views."""
    try:
        prepare(engine)
        with engine.connect() as connection:
            taken = connection.execute(select(positions.c.topic).limit(1)).first()
    except DBAPIError as error:
        detail = f"database {_shown(engine)} cannot be used: {error.orig}"
        raise UntilError(f"{detail}; name one that is empty, in a place that exists") from error
    if taken is not None:
        raise UntilError(f"database {_shown(engine)} holds views already; name one that is empty")
