"""Passes over what the disk damaged of a topic, and lets something be seen in its place.

A batch whose checksum is wrong would be fetched, and refused, for ever: its reader would never get
further, and what it holds is lost either way. Of snapshots, which are signed as a whole, nothing is
put in its place: one with a gap is refused, and an earlier one taken. Of any other topic one record
stands for the batch. It is neither signed nor JSON, so whoever reads that topic refuses it as it
would a forged one and tells so by its own means: a dead letter, a row beside the views, a broken
chain of the audit trail. It depends on the log alone, so that a replay meets it as well.
"""

from __future__ import annotations

import logging
from typing import Any, Final, NamedTuple
from weakref import proxy

from streams.contracts.record import Record
from streams.contracts.topics import Kind, every_topic
from streams.kafka.complaints import Complaints

_KINDS: Final = (Kind.SNAPSHOTS, Kind.CHECKPOINTS)
_SIGNED_WHOLE: Final = frozenset(each.name for each in every_topic() if each.kind in _KINDS)
_LOG: Final = logging.getLogger(__name__)
_COMPLAINTS: Final = Complaints(_LOG, logging.ERROR)
_DAMAGED: Final = b" are damaged on the disk of the broker"
_HINT: Final = "they are lost where no export and no other broker has them; look at that disk"


def told_damage(record: Record) -> str:
    """Return which records `record` stands for; empty where it is one itself."""
    if record.headers or not (record.value or b"").endswith(_DAMAGED):
        return ""
    return (record.value or b"").decode("utf-8", "replace")


def pass_over_damage(topic: str, partition: int, unpacked: Any) -> None:
    """Let what was fetched be handed out without its damaged batches."""
    unpacked._records = _Whole(topic, partition, unpacked)
    unpacked._check_crcs = False  # it is done here


class _Found(NamedTuple):
    """A batch, and whether its checksum is right; None where not even its outline can be read."""

    batch: Any
    sound: bool


class _Whole:
    """The batches of a fetch, each damaged stretch of them as one."""

    def __init__(self, topic: str, partition: int, unpacked: Any) -> None:
        self._place = topic, partition
        # It holds this in turn: a cycle would hold what was fetched until garbage is looked for.
        self._unpacked = proxy(unpacked)
        self._batches = unpacked._records
        self._ahead: _Found | None = None

    def has_next(self) -> bool:
        return self._ahead is not None or self._batches.has_next()

    def next_batch(self) -> Any:
        found, first = self._next(), self._unpacked.next_fetch_offset
        if found.sound and self._in_order(first, found.batch):
            return found.batch
        begins = found.batch is None or found.batch.base_offset >= first
        return self._instead(first, self._sound_after(first), told=not begins)

    def _next(self) -> _Found:
        found, self._ahead = self._ahead, None
        if found is not None:
            return found
        try:
            batch = self._batches.next_batch()
            return _Found(batch, batch.validate_crc())
        except Exception:  # noqa: BLE001  what is damaged may raise anything
            self._batches = _NOTHING
            return _Found(None, sound=False)

    def _in_order(self, first: int, batch: Any) -> bool:
        """Say whether a batch lies where it says: of where it begins it has no checksum."""
        self._ahead = self._next() if self.has_next() else None
        after = self._ahead.batch.base_offset if self._ahead and self._ahead.sound else None
        return bool(batch.next_offset > first and (after is None or batch.next_offset <= after))

    def _sound_after(self, first: int) -> int:
        """Return the offset at which reading goes on behind a damaged batch."""
        while self.has_next():
            found = self._next()
            if found.sound and found.batch.base_offset > first:
                self._ahead = found
                return int(found.batch.base_offset)
        # How far it goes is damaged, too, perhaps: the broker is asked for what lies one further.
        return first + 1

    def _instead(self, first: int, after: int, *, told: bool) -> Any:
        topic, partition = self._place
        if topic in _SIGNED_WHOLE:
            return _Damaged(after, ())
        what = f"records {first} to {after - 1} of {topic}/{partition}{_DAMAGED.decode()}"
        _COMPLAINTS.tell(f"{topic}/{partition}", f"{what}, and passed over: {_HINT}")
        # Of when it was there is only what follows: its own time may be damaged, and move clocks.
        stamp = 0 if self._ahead is None else self._ahead.batch.first_timestamp
        stands = () if told else (_StandIn(first, what.encode(), stamp),)
        return _Damaged(after, stands)


class _StandIn(NamedTuple):
    """What aiokafka's batches give, of a record that says what became of others."""

    offset: int
    value: bytes
    timestamp: int
    key: None = None
    timestamp_type: int = 0
    headers: tuple[()] = ()
    checksum: None = None


class _Damaged:
    """Stands for batches of which nothing can be trusted."""

    is_control_batch = False
    producer_id = None

    def __init__(self, next_offset: int, records: tuple[_StandIn, ...]) -> None:
        self.next_offset = next_offset
        self._records = records

    def __iter__(self) -> Any:
        return iter(self._records)


class _Nothing:
    def has_next(self) -> bool:
        return False


_NOTHING: Final = _Nothing()
