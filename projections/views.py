"""The views: every record of the log becomes rows, and rows and position are one transaction."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, Engine, select

from projections import store
from projections.database import writing
from projections.latest import LatestMetrics
from projections.marks import Marks
from projections.models import agents, epochs, events, marks, positions, status_history
from projections.opening import open_fact, source_position
from projections.queries.health import PROJECTION
from projections.read_models import fold, touches
from projections.read_models.agent import open_intervals
from projections.read_models.dead_letter import refused
from projections.retention import Retention, newest_window
from projections.rows import Key, Row, Rows, Seen
from projections.windows.blocks import write_windows
from projections.windows.hours import add_up
from projections.windows.numbers import Numbers
from streams.contracts.errors import ContractError
from streams.contracts.record import Record
from streams.contracts.topics import TELEMETRY
from streams.contracts.trust import Signer

_RECORDS_AN_HOUR: Final = 1_000
"""For so many records of a transaction, one block's hour that is over is added up beside them."""
_WINDOWS_AN_HOUR: Final = 8
"""And for so many rows of windows: most hours have more of them."""
_EXPIRED_AN_HOUR: Final = 200
"""So many rows are deleted beside each: more than come."""

Place = tuple[str, int]
"""A topic's name and a partition."""


class Replaced(RuntimeError):
    """Another writer has taken over the projections.

    Parameters
    ----------
    owner : str
        Who it is: ``projector …`` or ``rebuild``.
    """

    def __init__(self, owner: str) -> None:
        super().__init__(f"the projections are written by {owner} now; end one of the two")
        self.owner = owner


class Views:
    """The writer of the projections. Not safe for threads: use it from one.

    Parameters
    ----------
    engine : Engine
        Of a database that `projections.migrations.prepare` has seen.
    signer : Signer
        Checks records.
    partitions : int
        Partitions of the telemetry topic.
    owner : str
        Who writes, for whoever is replaced.
    """

    def __init__(
        self,
        engine: Engine,
        signer: Signer,
        partitions: int,
        owner: str,
        retention: Retention | None = None,
    ) -> None:
        self._engine = engine
        self._signer = signer
        self._owner = owner
        self._retention = retention or Retention()
        self._numbers = Numbers()
        with writing(engine) as connection:
            self._epoch = take_over(connection, owner)
            self._marks = Marks(dict(r) for r in connection.execute(select(marks)).mappings())
            self.positions = _stored_positions(connection)
            self._newest = newest_window(connection) or -math.inf
            known = connection.execute(select(agents.c.tenant_id, agents.c.agent_id))
            self._latest = LatestMetrics((tuple(row) for row in known), signer, partitions)

    def write(self, records: Sequence[Record]) -> None:
        """Fold `records` (ascending within each partition) and commit rows and positions.

        Records before the stored position are passed over.

        Raises
        ------
        Replaced
            Where another writer has taken over; nothing was written.
        """
        records = [r for r in records if r.offset >= self.positions.get((r.topic, r.partition), 0)]
        if not records:
            return
        try:
            with writing(self._engine) as connection:
                self._check_epoch(connection)
                reached = self._fold(connection, records)
        except BaseException:
            self._marks.rollback()
            self._numbers.rollback()
            raise
        self._marks.commit()
        self._latest.commit()
        self.positions |= reached

    def _fold(self, connection: Connection, records: Sequence[Record]) -> dict[Place, int]:
        rows = Rows(lambda table, key: store.load_one(connection, table, key))
        self._fold_facts(connection, rows, [r for r in records if r.topic != TELEMETRY.name])
        self._latest.registered(_registered(rows))
        taken = (self._latest.take(r, self._marks) for r in records if r.topic == TELEMETRY.name)
        for name, number in Counter(filter(None, taken)).items():
            rows.count("heartbeats", name, number)
        store.write(connection, rows)
        windows = write_windows(connection, rows.closed, self._numbers)
        self._latest.learn(store.metrics_of(connection, self._latest.unasked()))
        store.write_latest(connection, self._latest.fresh())
        store.upsert(connection, marks, self._marks.rows())
        self._newest = max([self._newest, *(closed.start for closed in rows.closed)])
        beside = 1 + len(records) // _RECORDS_AN_HOUR + windows // _WINDOWS_AN_HOUR
        add_up(connection, self._newest, beside)
        self._retention.apply(connection, self._newest, beside * _EXPIRED_AN_HOUR)
        return _write_positions(connection, records)

    def _fold_facts(self, connection: Connection, rows: Rows, records: Sequence[Record]) -> None:
        opened = [fact for record in records if (fact := self._open(rows, record))]
        known = _known_ids(connection, opened)
        _preload(connection, rows, opened)
        for seen in opened:
            if not seen.event.position:
                if seen.event.id in known:
                    rows.count("duplicates", seen.record.topic)
                    continue
                known.add(seen.event.id)
            try:
                fold(rows, seen)
            except ContractError as error:
                refused(rows, seen.record, error)

    def _open(self, rows: Rows, record: Record) -> Seen | None:
        """Return the fact in `record`, unless it is refused or was seen before."""
        try:
            seen = open_fact(record, self._signer)
            position = source_position(seen)
        except ContractError as error:
            refused(rows, record, error)
            return None
        if position is None or self._marks.is_new(record, seen.event.source, position):
            return seen
        rows.count("duplicates", record.topic)
        return None

    def _check_epoch(self, connection: Connection) -> None:
        mine = (epochs.c.projection == PROJECTION) & (epochs.c.epoch == self._epoch)
        touched = connection.execute(epochs.update().where(mine).values(owner=self._owner))
        if touched.rowcount != 1:
            raise Replaced(current_owner(connection))


def take_over(connection: Connection, owner: str) -> int:
    """Make `owner` the only writer; return its epoch."""
    before = store.load_one(connection, epochs, (PROJECTION,))
    epoch = 1 + (before["epoch"] if before else 0)
    row = {"projection": PROJECTION, "epoch": epoch, "owner": owner, "since": time.time()}
    store.upsert(connection, epochs, [row])
    return epoch


def current_owner(connection: Connection) -> str:
    """Return who may write the projections; empty where nobody ever did."""
    row = store.load_one(connection, epochs, (PROJECTION,))
    return str(row["owner"]) if row else ""


def _stored_positions(connection: Connection) -> dict[Place, int]:
    query = select(positions).where(positions.c.projection == PROJECTION)
    return {(row.topic, row.partition): row.next_offset for row in connection.execute(query)}


def _write_positions(connection: Connection, records: Sequence[Record]) -> dict[Place, int]:
    newest = {(r.topic, r.partition): r for r in records}
    now = time.time()
    store.upsert(
        connection,
        positions,
        [
            {
                "projection": PROJECTION,
                "topic": topic,
                "partition": partition,
                "next_offset": record.offset + 1,
                "record_time": record.timestamp,
                "updated_at": now,
            }
            for (topic, partition), record in sorted(newest.items())
        ],
    )
    return {place: record.offset + 1 for place, record in newest.items()}


def _preload(connection: Connection, rows: Rows, opened: Sequence[Seen]) -> None:
    wanted: dict[object, set[Key]] = {}
    tables = {}
    for seen in opened:
        for table, key in touches(seen):
            wanted.setdefault(table.name, set()).add(key)
            tables[table.name] = table
    for name, table in tables.items():
        rows.preload(table, store.load(connection, table, wanted[name]), wanted[name])
    # Which intervals are open is in the rows of the agents, so it is known only now.
    intervals = {key for seen in opened for key in open_intervals(rows, seen)}
    rows.preload(status_history, store.load(connection, status_history, intervals), intervals)


def _known_ids(connection: Connection, opened: Iterable[Seen]) -> set[str]:
    """Return which events without a source position are in the log of facts already."""
    ids = sorted({seen.event.id for seen in opened if not seen.event.position})
    known: set[str] = set()
    for start in range(0, len(ids), 500):
        query = select(events.c.id).where(events.c.id.in_(ids[start : start + 500]))
        known.update(connection.execute(query).scalars())
    return known


def _registered(rows: Rows) -> Iterator[tuple[Key, Row]]:
    for row in rows.put_into(agents):
        yield (row["tenant_id"], row["agent_id"]), row["metrics"]
