"""A record as it lies in the log, free of any client library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Headers = Sequence[tuple[str, bytes]]


class Position(NamedTuple):
    """Where a fact came from: the inbox record, and which of its facts it is.

    Examples
    --------
    >>> str(Position("telemetry", 3, 17, 0))
    'telemetry/3/17/0'
    >>> Position.parse("telemetry/3/17/0").offset
    17
    """

    topic: str
    partition: int
    offset: int
    ordinal: int = 0

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}/{self.ordinal}"

    @classmethod
    def parse(cls, text: str) -> Position:
        """Return the position that `text` spells."""
        topic, partition, offset, ordinal = text.rsplit("/", 3)
        return cls(topic, int(partition), int(offset), int(ordinal))


class Record(NamedTuple):
    """One record read from a topic.

    Parameters
    ----------
    topic, partition, offset
        Its coordinates. For imported records these are the *origin* coordinates.
    timestamp : float
        Seconds since the epoch, as the broker stamped it (LogAppendTime on inboxes).
    key : bytes or None
        The key as sent; a missing one is computed on reading.
    value : bytes or None
        The payload.
    headers : sequence of (str, bytes)
        Kafka headers.
    """

    topic: str
    partition: int
    offset: int
    timestamp: float
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def position(self) -> Position:
        """The record's own coordinates, ordinal 0."""
        return Position(self.topic, self.partition, self.offset)

    def header(self, name: str) -> bytes | None:
        """Return the first header of that name, or None."""
        return next((value for key, value in self.headers if key == name), None)


class Outgoing(NamedTuple):
    """One record to be written; `partition` None leaves the choice to the key."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int | None = None
