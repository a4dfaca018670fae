"""A snapshot as records: compressed, cut into chunks, signed, and put together again.

Chunks are keyed by their number and by one of two generations, which take turns: compaction may
drop the older set only after the newer one is whole. Where a state is large, what is written like
this is not the state but an index of its pages (`processors.runtime.pages`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from processors.parts import Stored, in_one_piece
from processors.runtime.pages import Head, Index, framed, is_page, opened, whole
from streams.contracts.record import Outgoing, Record
from streams.contracts.trust import Signer

CHUNK: Final = 8 << 20


class CutOver(msgspec.Struct, frozen=True):
    """How a version of a step took over one partition.

    Parameters
    ----------
    from_version : int
        The version that decided before.
    offset : int
        The first record from which this version decides.
    carried : bool
        Whether it took the earlier version's state over; otherwise it learnt its own from the log.
    since : int
        The first record that this version folded.
    reason : str
        Why it learnt anew; empty where it did not.
    """

    from_version: int
    offset: int
    carried: bool = False
    since: int = 0
    reason: str = ""

    @property
    def name(self) -> str:
        """The version and the position that ended, as labels have it for earlier code."""
        return f"{self.from_version}@{self.offset}"


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
        The version that was there before this one, and the position at which it ended.
    skipped : tuple of int
        Offsets that were passed over recently.
    paged : bool
        Whether it holds an index of pages instead of the state.
    checkpoint_at : float
        When the last checkpoint was, in the inbox's own time; 0 for none.
    origin : CutOver or None
        The whole of what `cut_over` names; labels of earlier releases have none.
    """

    step: str
    version: int
    position: int
    writer: str
    generation: int
    chunks: int = 1
    cut_over: str = ""
    skipped: tuple[int, ...] = ()
    paged: bool = False
    checkpoint_at: float = 0.0
    origin: CutOver | None = None

    @property
    def took_over(self) -> CutOver | None:
        """How its version came to this partition; None where it was the first one."""
        if self.origin is not None or not self.cut_over:
            return self.origin
        version, _, offset = self.cut_over.partition("@")
        return CutOver(int(version), int(offset))

    @property
    def since(self) -> int:
        """The offset from which its version decides."""
        return 0 if self.took_over is None else self.took_over.offset


class Snapshot(msgspec.Struct, frozen=True):
    """A whole snapshot: its label, and the state as the step dumped it."""

    label: Label
    data: Stored


def encode(snapshot: Snapshot, topic: str, partition: int, signer: Signer) -> list[Outgoing]:
    """Return the records of `snapshot`."""
    import cramjam

    small = bytes(cramjam.zstd.compress(in_one_piece(snapshot.data), level=1))
    parts = [small[i : i + CHUNK] for i in range(0, len(small), CHUNK)]
    label = msgspec.structs.replace(snapshot.label, chunks=len(parts))
    header = msgspec.json.encode(label)
    records = []
    for number, part in enumerate(parts):
        key = f"{partition}/{label.generation}/{number}".encode()
        record = Outgoing(topic, key, framed(header, part), partition=partition)
        records.append(signer.sign(record))
    return records


def state_of(index: Index, found: Mapping[int, memoryview]) -> Stored | None:
    """Return the state whose pages were `found`, or None where one is not what it should be."""
    parts = whole(index, found)
    if parts is None:
        return None
    return bytes(parts[""]) if parts.keys() == {""} else parts


class Assembly:
    """Puts chunks and pages together; the highest complete position wins.

    Parameters
    ----------
    signer : Signer
        Records without its signature are passed by: a snapshot is a cache.
    pages : bool
        Whether to keep pages; without, nothing large is held, and labels are all there is.
    """

    def __init__(self, signer: Signer, *, pages: bool = True) -> None:
        self._signer = signer
        self._keeps_pages = pages
        self._parts: dict[Label, dict[int, memoryview]] = {}
        self._offsets: dict[Label, int] = {}
        self._pages: dict[int, memoryview] = {}
        self._heads: dict[int, Head] = {}
        self._looked_at: set[int] = set()

    def add(self, records: Iterable[Record]) -> None:
        """Take in `records` of one partition of a snapshot topic."""
        for record in records:
            if record.value and self._signer.told(record):
                header, payload = opened(record.value)
                if is_page(record.key):
                    if not self._keeps_pages:
                        continue
                    self._heads[record.offset] = msgspec.json.decode(header, type=Head)
                    self._pages[record.offset] = payload
                else:
                    label = msgspec.json.decode(header, type=Label)
                    number = int((record.key or b"").rpartition(b"/")[2])
                    self._parts.setdefault(label, {})[number] = payload
                    self._offsets[label] = record.offset

    def best(self, step: str, version: int) -> Snapshot | None:
        """Return the complete snapshot of that version with the highest position."""
        labels = [label for label in self._whole(step) if label.version == version]
        for label in sorted(labels, key=lambda found: found.position, reverse=True):
            data = self._data(label)
            if data is not None:
                return Snapshot(label, data)
        return None

    def last(self, step: str, version: int) -> Label | None:
        """Return the label of the furthest snapshot of that version, whatever its pages are."""
        return _furthest(label for label in self._whole(step) if label.version == version)

    def superseded(self, step: str, version: int) -> Label | None:
        """Return the label of the last complete snapshot of the latest earlier version."""
        return _furthest(label for label in self._whole(step) if label.version < version)

    def ahead(self, step: str, version: int) -> Label | None:
        """Return the label of the furthest complete snapshot of a later version."""
        return _furthest(label for label in self._whole(step) if label.version > version)

    def wanted(self, step: str, version: int) -> list[int]:
        """Return the offsets of records that would tell more, none of them twice.

        These are indexes that pages speak of, or the pages of the furthest index.
        """
        pointed = {head.index for head in self._heads.values() if head.index >= 0}
        offsets = pointed - set(self._offsets.values()) - self._looked_at
        if not offsets:
            indexes = [(label, index) for label, index in self._indexes(step, version)]
            furthest = max(indexes, key=lambda found: found[0].position, default=None)
            pages = furthest[1].pages if furthest else []
            offsets = {ref.offset for ref in pages} - self._pages.keys() - self._looked_at
        self._looked_at |= offsets
        return sorted(offsets)

    def books(self) -> dict[str, int]:
        """Return how many slots each book has used, as far as can be seen."""
        found: dict[str, int] = {}
        seen = [(head.writer, head.slot + 1) for head in self._heads.values()]
        seen += [pair for head in self._heads.values() for pair in head.stale.items()]
        seen += [(index.writer, index.used) for label, index in self._indexes(None, None)]
        for writer, used in seen:
            found[writer] = max(used, found.get(writer, 0))
        return found

    @property
    def whole(self) -> bool:
        """Whether there is any complete snapshot, or index of one."""
        return any(len(parts) == label.chunks for label, parts in self._parts.items())

    def _whole(self, step: str | None) -> list[Label]:
        return [
            label
            for label, parts in self._parts.items()
            if step in (None, label.step) and len(parts) == label.chunks
        ]

    def _indexes(self, step: str | None, version: int | None) -> Iterator[tuple[Label, Index]]:
        for label in self._whole(step):
            if label.paged and version in (None, label.version):
                yield label, msgspec.msgpack.decode(self._unpacked(label), type=Index)

    def _data(self, label: Label) -> Stored | None:
        data = self._unpacked(label)
        if not label.paged:
            return data
        index = msgspec.msgpack.decode(data, type=Index)
        found = state_of(index, self._pages)
        return state_of(index, self._moved(index)) if found is None else found

    def _moved(self, index: Index) -> dict[int, memoryview]:
        """Return the pages of `index` by the offsets that it knows, wherever they lie.

        An import closes the holes that compaction left, and all moves. A page is still the last
        one of its slot then, as no slot is written over that an index refers to.
        """
        lasts = {(head.writer, head.slot): offset for offset, head in sorted(self._heads.items())}
        offsets = {ref.offset: lasts.get((index.writer, ref.slot)) for ref in index.pages}
        return {ref: self._pages[at] for ref, at in offsets.items() if at is not None}

    def _unpacked(self, label: Label) -> bytes:
        import cramjam

        parts = self._parts[label]
        joined = b"".join(parts[number] for number in range(label.chunks))
        return bytes(cramjam.zstd.decompress(joined))


def _furthest(labels: Iterable[Label]) -> Label | None:
    return max(labels, key=lambda label: label.position, default=None)
