"""Records that a step could not fold: the log names them, and a fold passes over them too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from projections.replay.recorded import passed_over
from streams.contracts.envelope import decode_event
from streams.contracts.errors import ContractError
from streams.contracts.record import Record
from streams.contracts.topics import DEAD_LETTERS
from streams.contracts.trust import RecordKind, Signer
from streams.kafka.log_reader import LogReader

Skips = frozenset[tuple[str, int, int]]
"""Topic, partition and offset of each."""


async def read_skips(reader: LogReader, signer: Signer) -> Skips:
    """Return what was passed over, as the log says."""
    begins = await reader.beginning_offsets([DEAD_LETTERS.name])
    ends = await reader.end_offsets([DEAD_LETTERS.name])
    found: set[tuple[str, int, int]] = set()
    async for batch in reader.read(begins, ends):
        found.update(skipped(batch, signer))
    return frozenset(found)


def skipped(letters: Sequence[Record], signer: Signer) -> Iterator[tuple[str, int, int]]:
    """Give the coordinates that dead letters of our own steps name as passed over."""
    for letter in letters:
        try:
            if signer.kind_of(letter) is not RecordKind.EVENT:
                continue
            event = decode_event(letter.value)
            where = passed_over(event) if event.source.startswith("/steps/") else None
        except (ContractError, ValueError):
            continue  # forged or unreadable: no step wrote it
        if where is not None:
            yield where


def without(records: Sequence[Record], skips: Skips) -> list[Record]:
    """Return `records` but for those that were passed over."""
    return [r for r in records if not skips or (r.topic, r.partition, r.offset) not in skips]
