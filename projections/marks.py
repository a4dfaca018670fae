"""High-water marks: what a writer repeats after a crash is recognised and dropped.

A step that restarts folds its inbox again from its last snapshot and writes the same facts again,
in the same order. So within one partition of a topic, facts of one source partition that are not
above the highest position seen were seen before.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from projections.rows import Row
from streams.contracts.record import Position, Record


class Line(NamedTuple):
    """What a mark is kept for: where facts are read, and where they were derived from."""

    topic: str
    partition: int
    source: str
    source_topic: str
    source_partition: int


Mark = tuple[int, int]


class Marks:
    """The marks of committed transactions, and those of the one under way.

    Parameters
    ----------
    rows : iterable of dict
        Rows of the table ``marks``.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._committed: dict[Line, Mark] = {
            Line(*(row[name] for name in Line._fields)): (row["offset"], row["ordinal"])
            for row in rows
        }
        self._fresh: dict[Line, Mark] = {}

    def is_new(self, record: Record, source: str, position: Position) -> bool:
        """Say whether this fact was not seen before, and remember it."""
        line = Line(record.topic, record.partition, source, position.topic, position.partition)
        mark = (position.offset, position.ordinal)
        if mark <= self._fresh.get(line, self._committed.get(line, (-1, -1))):
            return False
        self._fresh[line] = mark
        return True

    def rows(self) -> list[Row]:
        """Return the rows to write in the transaction under way."""
        return [
            {**line._asdict(), "offset": offset, "ordinal": ordinal}
            for line, (offset, ordinal) in sorted(self._fresh.items())
        ]

    def commit(self) -> None:
        """Take over what the transaction wrote."""
        self._committed |= self._fresh
        self._fresh.clear()

    def rollback(self) -> None:
        """Forget what the transaction did not write."""
        self._fresh.clear()
