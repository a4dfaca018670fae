"""What the steps wrote, found again by the inbox record that it follows from."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from processors.step import Step
from streams.contracts.envelope import Event, decode_event
from streams.contracts.errors import ContractError
from streams.contracts.record import Position, Record
from streams.contracts.trust import ORIGIN, RecordKind, Signer
from streams.kafka.log_reader import Place

SKIPPED: Final = "record.skipped"
DEAD_LETTERED: Final = "record.dead_lettered"
UNHANDLED: Final = "unhandled"
"""The reason of a dead letter from outside that a step could not fold."""

_TABLE: Final = """
CREATE TABLE recorded (
    step TEXT, inbox TEXT, partition INT, "offset" INT, ordinal INT, topic TEXT,
    place TEXT, key BLOB, value BLOB, pass INT DEFAULT 0,
    PRIMARY KEY (step, inbox, partition, "offset", ordinal, topic)
) WITHOUT ROWID
"""
_TAKE: Final = """
UPDATE recorded SET pass = ? WHERE step = ? AND inbox = ? AND partition = ? AND "offset" = ?
    AND ordinal = ? AND topic = ? RETURNING key, value, place
"""
_LOOK: Final = """
SELECT key, value, place FROM recorded WHERE step = ? AND inbox = ? AND partition = ?
    AND "offset" = ? AND ordinal = ? AND topic = ?
"""


class Origin(NamedTuple):
    """Which of a step's records it is: the inbox position, and the topic it was written to."""

    step: str
    inbox: str
    partition: int
    offset: int
    ordinal: int
    topic: str

    def __str__(self) -> str:
        return (
            f"{self.step}: {self.inbox}/{self.partition}/{self.offset}/{self.ordinal} "
            f"→ {self.topic}"
        )


class _Coordinates(msgspec.Struct):
    topic: str
    partition: int
    offset: int


def passed_over(event: Event) -> tuple[str, int, int] | None:
    """Return topic, partition and offset of what the runtime says that a step passed over."""
    unhandled = event.type == DEAD_LETTERED and event.data.get("reason") == UNHANDLED
    if event.type != SKIPPED and not unhandled:
        return None
    where = msgspec.convert(event.data, _Coordinates)
    return where.topic, where.partition, where.offset


class Content(NamedTuple):
    """Key and value as written; `place` is where in the log."""

    key: bytes
    value: bytes
    place: str


class Recorded:
    """An index of everything that the steps wrote, in a temporary file.

    Parameters
    ----------
    signer : Signer
        Only what the installation signed was written by its steps.
    steps : sequence of Step
        Whose records are wanted.
    """

    def __init__(self, signer: Signer, steps: Sequence[Step[Any]]) -> None:
        self._signer = signer
        self._names = {step.name for step in steps}
        self._by_inbox = {step.inbox.name: step.name for step in steps}
        self._file = tempfile.NamedTemporaryFile(prefix="homeostat-verify-")  # noqa: SIM115
        self._database = sqlite3.connect(self._file.name, isolation_level=None)
        for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", _TABLE):
            self._database.execute(statement)
        self.skips: set[tuple[str, str, int, int]] = set()
        self.contradictions: list[tuple[Origin, Content, Content]] = []

    def close(self) -> None:
        """Delete the index."""
        self._database.close()
        self._file.close()

    def add(self, records: Sequence[Record]) -> None:
        """Index those of `records` that a step wrote; what is forged is nobody's."""
        self._database.execute("BEGIN")
        for record in records:
            try:
                origin = self._origin(record)
            except (ContractError, ValueError):
                # Forged or unreadable: no step wrote it, so there is nothing to compare.
                continue
            if origin is not None:
                self._insert(origin, record)
        self._database.execute("COMMIT")

    def take(self, origin: Origin, number: int) -> Content | None:
        """Return what was recorded for `origin`, and note that pass `number` asked for it."""
        updated = self._database.execute(_TAKE, (number, *origin)).fetchone()
        return None if updated is None else Content(*updated)

    def left_over(
        self, step: str, inbox: str, partition: int, span: range, number: int
    ) -> Iterator[tuple[Origin, str]]:
        """Give what pass `number` did not ask for, of inbox offsets in `span`."""
        rows = self._database.execute(
            'SELECT step, inbox, partition, "offset", ordinal, topic, place FROM recorded WHERE '
            'step = ? AND inbox = ? AND partition = ? AND "offset" >= ? AND "offset" < ? '
            "AND pass <> ?",
            (step, inbox, partition, span.start, span.stop, number),
        )
        for row in rows:
            yield Origin(*row[:6]), row[6]

    def highest(self, step: str, inbox: str, partition: int) -> int:
        """Return the highest inbox offset that something was written for; -1 for none."""
        found: int | None = self._database.execute(
            'SELECT max("offset") FROM recorded WHERE step = ? AND inbox = ? AND partition = ?',
            (step, inbox, partition),
        ).fetchone()[0]
        return -1 if found is None else found

    def lowest(self, step: str, inbox: str, partition: int, written_to: Place) -> int | None:
        """Return the lowest inbox offset that something in a partition follows from."""
        found: int | None = self._database.execute(
            'SELECT min("offset") FROM recorded WHERE step = ? AND inbox = ? AND partition = ? '
            "AND topic = ? AND place LIKE ?",
            (step, inbox, partition, written_to.topic, f"%/{written_to.partition}/%"),
        ).fetchone()[0]
        return found

    def count_before(self, step: str, inbox: str, partition: int, offset: int) -> int:
        """Return how many records follow from inbox offsets below `offset`."""
        found: int = self._database.execute(
            "SELECT count(*) FROM recorded WHERE step = ? AND inbox = ? AND partition = ? "
            'AND "offset" < ?',
            (step, inbox, partition, offset),
        ).fetchone()[0]
        return found

    def _origin(self, record: Record) -> Origin | None:
        kind = self._signer.kind_of(record)
        if kind is RecordKind.FORWARD:
            position = Position.parse((record.header(ORIGIN) or b"").decode("ascii"))
            step = self._by_inbox.get(position.topic)
            return None if step is None else Origin(step, *position, record.topic)
        if kind is not RecordKind.EVENT:
            return None
        event = decode_event(record.value)
        step = event.source.removeprefix("/steps/")
        ours = event.source.startswith("/steps/") and step in self._names
        if not ours or not event.position or self._passed_over(step, event):
            return None
        return Origin(step, *Position.parse(event.position), record.topic)

    def _passed_over(self, step: str, event: Event) -> bool:
        """Say whether the runtime wrote it in place of a step that could not; remember where."""
        where = passed_over(event)
        if where is None:
            return False
        self.skips.add((step, *where))
        return True

    def _insert(self, origin: Origin, record: Record) -> None:
        place = f"{record.topic}/{record.partition}/{record.offset}"
        content = Content(record.key or b"", record.value or b"", place)
        inserted = self._database.execute(
            'INSERT OR IGNORE INTO recorded (step, inbox, partition, "offset", ordinal, topic, '
            "key, value, place) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*origin, *content),
        )
        if inserted.rowcount:
            return
        first = self._database.execute(_LOOK, origin).fetchone()
        if Content(*first)[:2] != content[:2]:
            self.contradictions.append((origin, Content(*first), content))
