"""The inboxes of decision and governor in a temporary file, and what would stand there instead.

The log is read once. What is here is at the rate of news, and lies on disk, so memory stays small
however long the span is.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from processors.step import Context
from projections.what_if.differences import Difference
from streams.contracts.envelope import Event, decode_event
from streams.contracts.errors import ContractError
from streams.contracts.record import Outgoing, Position, Record
from streams.contracts.trust import RecordKind, Signer
from streams.kafka.log_reader import Place

END: Final = 1 << 62
"""The place after all that is recorded."""
_CHUNK: Final = 500

_SCHEMA: Final = """
CREATE TABLE recorded (
    topic TEXT, partition INT, "offset" INT, at REAL, "key" BLOB, value BLOB, headers BLOB,
    id TEXT, type TEXT, subject TEXT, step TEXT, of_topic TEXT, of_partition INT, of_offset INT,
    PRIMARY KEY (topic, partition, "offset")
) WITHOUT ROWID;
CREATE INDEX by_time ON recorded (topic, partition, at);
CREATE INDEX by_cause ON recorded (topic, partition, of_topic, of_partition, of_offset, "offset")
    WHERE step IS NOT NULL;
CREATE TABLE instead (topic TEXT, id TEXT, value BLOB, PRIMARY KEY (topic, id)) WITHOUT ROWID;
CREATE TABLE inserted (
    serial INTEGER PRIMARY KEY, topic TEXT, partition INT, place INT, at REAL, "key" BLOB,
    value BLOB
);
CREATE INDEX by_place ON inserted (topic, partition, place);
CREATE TABLE differences (
    serial INTEGER PRIMARY KEY, verdict TEXT, what TEXT, kind TEXT, subject TEXT, at REAL,
    later_s REAL, before TEXT, after TEXT
);
"""


class Written(NamedTuple):
    """A recorded record of an inbox, and the event that it carries.

    Parameters
    ----------
    record : Record
        As it was read.
    id, type, subject : str
        Of its event; empty for what is none.
    step : str
        The step that wrote it; empty where none did.
    cause : Position or None
        The inbox record that the step derived it from.
    """

    record: Record
    id: str = ""
    type: str = ""
    subject: str = ""
    step: str = ""
    cause: Position | None = None


class Inserted(NamedTuple):
    """A record that only the candidate would have written, before the recorded one at `place`."""

    place: int
    serial: int
    record: Record


class Spool:
    """Recorded inboxes, replacements, insertions and differences.

    Parameters
    ----------
    signer : Signer
        Tells what the installation's own steps wrote.
    """

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._file = tempfile.NamedTemporaryFile(prefix="homeostat-what-if-")  # noqa: SIM115
        self.database = sqlite3.connect(self._file.name, isolation_level=None)
        self.database.execute("PRAGMA journal_mode = OFF")
        self.database.execute("PRAGMA synchronous = OFF")
        self.database.executescript(_SCHEMA)
        self._serial = 0

    def close(self) -> None:
        """Delete the file."""
        self.database.close()
        self._file.close()

    def keep(self, records: Sequence[Record]) -> None:
        """Take recorded records of an inbox."""
        self.database.execute("BEGIN")
        rows = (_row(self._opened(record)) for record in records)
        places = ", ".join("?" * 14)
        self.database.executemany(f"INSERT INTO recorded VALUES ({places})", rows)  # noqa: S608
        self.database.execute("COMMIT")

    def replace(self, topic: str, identity: str, value: bytes | None) -> None:
        """Note what stands in `topic` in place of a recorded event; None is nothing."""
        self.database.execute(
            "INSERT OR REPLACE INTO instead VALUES (?, ?, ?)", (topic, identity, value)
        )

    def instead_of(self, topic: str, identity: str) -> tuple[bool, bytes | None]:
        """Return whether something stands in place of a recorded event, and what."""
        found = self.database.execute(
            "SELECT value FROM instead WHERE topic = ? AND id = ?", (topic, identity)
        ).fetchone()
        return (False, None) if found is None else (True, found[0])

    def insert(self, place: Place, before: int, at: float, record: Outgoing) -> Inserted:
        """Put a record before the recorded one at offset `before`."""
        self._serial += 1
        self.database.execute(
            "INSERT INTO inserted VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self._serial, *place, before, at, record.key, record.value),
        )
        return self._inserted(place, self._serial, before, at, record.key, record.value)

    def place_of(self, place: Place, cause: Context, offset: int, at: float) -> int:
        """Return before which recorded offset of `place` a new fact belongs.

        After everything that the same partition caused before it, and by its time.

        Parameters
        ----------
        cause : Context
            The step's partition that it follows from.
        offset : int
            The offset there.
        at : float
            The step's time then.
        """
        anchor = self.database.execute(
            'SELECT "offset" FROM recorded WHERE topic = ? AND partition = ? AND of_topic = ?'
            " AND of_partition = ? AND of_offset <= ? AND step IS NOT NULL"
            ' ORDER BY of_offset DESC, "offset" DESC LIMIT 1',
            (*place, cause.topic, cause.partition, offset),
        ).fetchone()
        due = self.database.execute(
            'SELECT "offset" FROM recorded WHERE topic = ? AND partition = ? AND at > ? '
            'ORDER BY at, "offset" LIMIT 1',
            (*place, at),
        ).fetchone()
        return max(0 if anchor is None else anchor[0] + 1, END if due is None else due[0])

    def recorded(self, place: Place, begin: int) -> list[Written]:
        """Return the next recorded records of an inbox, from offset `begin`."""
        rows = self.database.execute(
            'SELECT * FROM recorded WHERE topic = ? AND partition = ? AND "offset" >= ? '
            'ORDER BY "offset" LIMIT ?',
            (*place, begin, _CHUNK),
        )
        return [_written(row) for row in rows]

    def inserted(self, place: Place, begin: int, end: int) -> Iterator[Inserted]:
        """Give the insertions of an inbox before recorded offsets in a range."""
        rows = self.database.execute(
            'SELECT serial, place, at, "key", value FROM inserted WHERE topic = ? AND partition = ?'
            " AND place >= ? AND place < ? ORDER BY place, serial",
            (*place, begin, end),
        ).fetchall()
        for serial, before, at, key, value in rows:
            yield self._inserted(place, serial, before, at, key, value)

    def tell(self, found: Difference) -> None:
        """Keep a difference."""
        before, after = (
            None if each is None else msgspec.json.encode(each).decode()
            for each in (found.before, found.after)
        )
        self.database.execute(
            "INSERT INTO differences (verdict, what, kind, subject, at, later_s, before, after) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*found[:6], before, after),
        )

    def _inserted(
        self, place: Place, serial: int, before: int, at: float, key: bytes | None, value: bytes
    ) -> Inserted:
        signed = self._signer.sign(Outgoing(place.topic, key, value))
        # A partition of its own, so that what follows has ids that no record has.
        partition = virtual(place.partition)
        record = Record(place.topic, partition, serial, at, key, value, signed.headers)
        return Inserted(before, serial, record)

    def _opened(self, record: Record) -> Written:
        try:
            if self._signer.kind_of(record) is not RecordKind.EVENT:
                return Written(record)
            event = decode_event(record.value)
            return Written(record, event.id, event.type, event.subject, *_origin(event))
        except (ContractError, ValueError):
            return Written(record)  # forged or unreadable: the step will say so, in both folds


def virtual(partition: int) -> int:
    """Return the number under which what would have been written follows from a partition."""
    return 1_000_000 + partition


def _origin(event: Event) -> tuple[str, Position | None]:
    if not event.position or not event.source.startswith("/steps/"):
        return "", None
    return event.source.removeprefix("/steps/"), Position.parse(event.position)


def _row(written: Written) -> tuple[Any, ...]:
    record, cause = written.record, written.cause
    headers = msgspec.msgpack.encode(list(record.headers))
    where = (None,) * 4 if cause is None else (written.step, *cause[:3])
    return (*record[:6], headers, written.id, written.type, written.subject, *where)


def _written(row: tuple[Any, ...]) -> Written:
    headers = msgspec.msgpack.decode(row[6], type=list[tuple[str, bytes]])
    topic, partition, offset, at, key, value = row[:6]
    record = Record(topic, partition, offset, at, key, value, headers)
    identity, name, subject, step = row[7:11]
    cause = None if step is None else Position(*row[11:14])
    return Written(record, identity, name, subject, step or "", cause)
