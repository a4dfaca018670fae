"""Builds the views anew from the log, beside the live ones, and switches.

The live views are served and written meanwhile. When the new ones have caught up with them, the
writer is held for a moment, the last records are folded, both are compared at the same positions,
and the new rows take the place of the old in one transaction. A reader sees the old or the new,
never a mixture; a running projector goes on from there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection as Database
from sqlalchemy import Engine, Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from config.settings import Settings
from projections.database import open_database, writing
from projections.migrations import prepare
from projections.models import events, positions
from projections.projector import FACTS, REBUILD
from projections.queries.health import PROJECTION
from projections.replay.beside import beside, join, other
from projections.replay.compare import differences, folded_tables
from projections.replay.given import keep_latest
from projections.replay.progress import Progress, Report
from projections.retention import Retention
from projections.views import Place, Views, take_over
from streams.contracts.topics import TELEMETRY
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What a rebuild found.

    Parameters
    ----------
    records : int
        How many were folded.
    seconds : float
        How long it took.
    held_s : float
        How long the projector had to wait.
    differences : dict
        Rows of the live views that were not as the log says, by table.
    kept : int
        Agents whose latest metrics the live views alone knew, as that telemetry has expired.
    """

    records: int
    seconds: float
    held_s: float
    differences: dict[str, int]
    kept: int = 0

    def summary(self) -> str:
        """Return the outcome in a line, for a person."""
        found = ", ".join(f"{n} rows of {t}" for t, n in sorted(self.differences.items()))
        verdict = f"corrected {found}" if found else "the live views were equal"
        if self.kept:
            verdict += f"; the metrics of {self.kept:,} agents, from expired telemetry, were kept"
        return (
            f"rebuilt from {self.records:,} records in {self.seconds:.1f} s "
            f"(projector held {self.held_s:.2f} s); {verdict}"
        )


async def rebuild(settings: Settings, connection: Connection, report: Report) -> RebuildReport:
    """Build the views of an installation anew; `report` is told the progress, line by line.

    Raises
    ------
    RebuildUnderWayError
        Where another rebuild has not ended.
    BrokerAway, TopicError
        Where the log cannot be read.
    """
    engine, signer = open_database(settings.database), Signer(settings.secret())
    try:
        prepare(engine)
        done = await rebuild_views(engine, connection, signer, settings.partitions, report)
    finally:
        engine.dispose()
    report(done.summary())
    return done


async def rebuild_views(
    live: Engine, connection: Connection, signer: Signer, partitions: int, report: Report
) -> RebuildReport:
    """Build the views in `live` anew from the log; see `rebuild`.

    This process does nothing else, so the database is used on the event loop.
    """
    begun = time.monotonic()
    with beside(live) as new:
        views = Views(new, signer, partitions, REBUILD)
        async with LogReader(connection) as reader:
            folder = _Folder(reader, views, report)
            with live.connect() as reading:
                await folder.fold_to(_positions(reading))
            held = time.monotonic()
            # The projector waits here: SQLite's write lock, PostgreSQL's lock on the epoch.
            with writing(live) as switching:
                take_over(switching, f"{REBUILD} {os.getpid()}")
                await folder.fold_to(_positions(switching))
                kept, found = _compare(switching, new, expired=folder.expired)
                _switch(switching, new)
        if live.dialect.name == "sqlite":
            live.dispose()  # a pooled connection would keep the other file attached
    now = time.monotonic()
    return RebuildReport(folder.records, now - begun, now - held, found, kept)


class _Folder:
    """Folds the log into views, up to positions that grow."""

    def __init__(self, reader: LogReader, views: Views, report: Report) -> None:
        self._reader = reader
        self._views = views
        self._report = report
        self.records = 0
        self.expired = False
        """Whether the oldest telemetry is kept no longer."""

    async def fold_to(self, reached: Mapping[Place, int]) -> None:
        """Fold up to what the live views have `reached`; to the end where they have nothing.

        Facts come first: an agent's heartbeats count once it is registered.
        """
        for what, topics in (("facts", FACTS), ("telemetry", (TELEMETRY,))):
            names = [topic.name for topic in topics]
            ends = await self._reader.end_offsets(names)
            goal = {tuple(place): min(reached.get(place, end), end) for place, end in ends.items()}
            beginnings = await self._reader.beginning_offsets(names)
            self.expired = what == "telemetry" and any(beginnings.values())
            start = {
                tuple(place): max(first, self._views.positions.get(place, 0))
                for place, first in beginnings.items()
            }
            total = sum(max(0, goal[place] - first) for place, first in start.items())
            progress = Progress(f"folding {what}", total, self._report)
            async for batch in self._reader.read(start, goal):
                self._views.write(batch)
                progress.add(len(batch))
            progress.finish()
            self.records += progress.done


def _positions(connection: Database) -> dict[Place, int]:
    query = select(positions).where(positions.c.projection == PROJECTION)
    return {(row.topic, row.partition): row.next_offset for row in connection.execute(query)}


def _compare(connection: Database, new: Engine, *, expired: bool) -> tuple[int, dict[str, int]]:
    with writing(new) as built:
        kept = keep_latest(connection, built) if expired else 0
        for one in (connection, built):
            Retention().settle(one)
        return kept, differences(connection, built)


def _switch(connection: Database, new: Engine) -> None:
    join(connection, new)
    for table in folded_tables():
        if table is events:
            _replace_events(connection)
        else:
            _replace(connection, table)


def _replace(connection: Database, table: Table) -> None:
    source = other(table)
    names = [column.name for column in table.c]
    connection.execute(table.delete())
    connection.execute(insert(table).from_select(names, select(*(source.c[n] for n in names))))


def _replace_events(connection: Database) -> None:
    """Replace the log of facts; what stays keeps its `seq`, which live streams resume after."""
    source = other(events)
    connection.execute(events.delete().where(events.c.id.not_in(select(source.c.id))))
    names = [column.name for column in events.c if column.name != "seq"]
    chosen = select(*(source.c[name] for name in names)).where(source.c.seq > 0)
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(events).from_select(names, chosen.order_by(source.c.seq))
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={name: statement.excluded[name] for name in names if name != "id"},
        )
    )
