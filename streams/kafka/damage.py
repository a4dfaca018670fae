"""Passes over what the disk damaged of a topic that can do without: snapshots.

A batch whose checksum is wrong would be fetched, and refused, for ever. A snapshot with a gap is
refused for its signature, and an earlier one taken; of any other topic a gap would be a loss, so
there the refusal stays.
"""

from __future__ import annotations

from typing import Any, Final

from streams.contracts.topics import Kind, every_topic

_KINDS: Final = (Kind.SNAPSHOTS, Kind.CHECKPOINTS)
_SIGNED_WHOLE: Final = frozenset(each.name for each in every_topic() if each.kind in _KINDS)


def pass_over_damage(topic: str, unpacked: Any) -> None:
    """Let what was fetched of a topic of snapshots be handed out without its damaged batches."""
    if topic in _SIGNED_WHOLE:
        unpacked._records = _Whole(unpacked)
        unpacked._check_crcs = False  # it is done here


class _Whole:
    """The batches of a fetch, a damaged one as one of the broker's own, which nobody is given."""

    def __init__(self, unpacked: Any) -> None:
        self._unpacked = unpacked
        self._batches = unpacked._records
        self._ahead: Any = None

    def has_next(self) -> bool:
        return self._ahead is not None or self._batches.has_next()

    def next_batch(self) -> Any:
        batch, self._ahead = self._ahead or self._batches.next_batch(), None
        if batch.validate_crc():
            return batch
        if self._batches.has_next():
            self._ahead = self._batches.next_batch()
            return _Damaged(self._ahead.base_offset)
        # How far it goes is damaged, too, perhaps: the broker is asked for what lies one further.
        return _Damaged(self._unpacked.next_fetch_offset + 1)


class _Damaged:
    """Stands for a batch of which nothing can be trusted."""

    is_control_batch = True

    def __init__(self, next_offset: int) -> None:
        self.next_offset = next_offset
