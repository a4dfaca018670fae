"""A snapshot as records: compressed, cut into chunks, signed, and put together again.

Chunks are keyed by their number and by one of two generations, which take turns: compaction may
drop the older set only after the newer one is whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from streams.contracts.errors import Untrusted
from streams.contracts.record import Outgoing, Record
from streams.contracts.trust import RecordKind, Signer

CHUNK: Final = 8 << 20


class Label(msgspec.Struct, frozen=True):
    """What a chunk belongs to.

    Parameters
    ----------
    step, version
        Whose state it is.
    position : int
        The next offset to fold.
    writer : str
        Tells snapshots of the same position by different processes apart.
    generation : int
        Which set of keys it uses, 0 or 1.
    chunks : int
        How many chunks there are.
    cut_over : str
        For the first snapshots of a new version: the version and the position that ended.
    skipped : tuple of int
        Offsets that were passed over recently.
    """

    step: str
    version: int
    position: int
    writer: str
    generation: int
    chunks: int = 1
    cut_over: str = ""
    skipped: tuple[int, ...] = ()


class Snapshot(msgspec.Struct, frozen=True):
    """A whole snapshot: its label, and the state's bytes as the step dumped them."""

    label: Label
    data: bytes


def encode(snapshot: Snapshot, topic: str, partition: int, signer: Signer) -> list[Outgoing]:
    """Return the records of `snapshot`."""
    import cramjam

    packed = bytes(cramjam.zstd.compress(snapshot.data, level=1))
    parts = [packed[i : i + CHUNK] for i in range(0, len(packed), CHUNK)]
    label = msgspec.structs.replace(snapshot.label, chunks=len(parts))
    header = msgspec.json.encode(label)
    records = []
    for number, part in enumerate(parts):
        value = len(header).to_bytes(4) + header + part
        key = f"{partition}/{label.generation}/{number}".encode()
        record = Outgoing(topic, key, value, partition=partition)
        records.append(signer.sign(record))
    return records


class Assembly:
    """Puts chunks together; the highest complete position wins.

    Parameters
    ----------
    signer : Signer
        Chunks without its signature are passed by: a snapshot is a cache.
    """

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._parts: dict[Label, dict[int, memoryview]] = {}

    def add(self, records: Iterable[Record]) -> None:
        """Take in `records` of one partition of a snapshot topic."""
        for record in records:
            if record.value and self._ours(record):
                value = memoryview(record.value)
                start = 4 + int.from_bytes(value[:4])
                label = msgspec.json.decode(value[4:start], type=Label)
                number = int((record.key or b"").rpartition(b"/")[2])
                self._parts.setdefault(label, {})[number] = value[start:]

    def best(self, step: str, version: int) -> Snapshot | None:
        """Return the complete snapshot of that version with the highest position."""
        return self._highest(label for label in self._whole(step) if label.version == version)

    def superseded(self, step: str, version: int) -> Snapshot | None:
        """Return the furthest complete snapshot of any other version."""
        return self._highest(label for label in self._whole(step) if label.version != version)

    @property
    def whole(self) -> bool:
        """Whether there is any complete snapshot."""
        return any(len(parts) == label.chunks for label, parts in self._parts.items())

    def _whole(self, step: str) -> list[Label]:
        return [
            label
            for label, parts in self._parts.items()
            if label.step == step and len(parts) == label.chunks
        ]

    def _highest(self, labels: Iterable[Label]) -> Snapshot | None:
        import cramjam

        label = max(labels, key=lambda found: found.position, default=None)
        if label is None:
            return None
        parts = self._parts[label]
        packed = b"".join(parts[number] for number in range(label.chunks))
        return Snapshot(label, bytes(cramjam.zstd.decompress(packed)))

    def _ours(self, record: Record) -> bool:
        try:
            return self._signer.kind_of(record) is RecordKind.EVENT
        except Untrusted:
            return False
