"""A large state as pages, of which a snapshot writes only those that are new.

Pages are never written over while a snapshot refers to them: a changed page takes a free slot (a
key of the compacted topic), and the slot of its old content is free once the next index is
acknowledged. So a snapshot is whole or not there, and the topic holds at most two states. Slots
belong to one `Book`, that is to one ownership of one partition: who has lost the partition cannot
spoil what its successor relies on, and the successor empties the slots that it found.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import msgspec
import numpy as np

from processors.parts import Part, Parts
from streams.contracts.record import Outgoing
from streams.contracts.trust import Signer

ROWS: Final = 65_536
"""Of one column in one page."""
BYTES: Final = 262_144
"""Of what is no array, in one page."""
NEAR: Final = 8
"""Records that are read along rather than sought past."""
_DIGEST: Final = 16
_LEVEL: Final = -1
"""Of Zstandard: a fifth faster than 1, for a twentieth more bytes."""

Content = bytes | memoryview


class Ref(msgspec.Struct, frozen=True, array_like=True):
    """Where a page lies: its slot, its offset in the topic, and the digest of its content."""

    name: str
    slot: int
    offset: int
    digest: bytes

    def at(self, offset: int) -> Ref:
        """Return the same, written at `offset`."""
        return Ref(self.name, self.slot, offset, self.digest)


class Index(msgspec.Struct, array_like=True):
    """What a paged snapshot holds instead of the state: its pages in order, and its book's size."""

    writer: str
    used: int
    pages: list[Ref]


class Head(msgspec.Struct):
    """What each page says of its surroundings, so that the last records lead to the rest.

    Parameters
    ----------
    writer : str
        The book's.
    slot : int
        Of this page.
    index : int
        The offset of the last index that was acknowledged before, or -1.
    stale : dict of str to int
        Books of earlier owners, and how many of their slots are still to be emptied.
    """

    writer: str
    slot: int
    index: int = -1
    stale: dict[str, int] = {}


class Draft(msgspec.Struct):
    """A page on its way: `content` is None where it lies in the topic already."""

    ref: Ref
    content: bytes | None

    def packed(self) -> bytes:
        """Return the content compressed; a snapshot is short-lived, so hardly."""
        import cramjam

        return bytes(cramjam.zstd.compress(self.content or b"", level=_LEVEL))


@dataclass(slots=True)
class Book:
    """Which pages of one lane lie where, as of the last index that was acknowledged."""

    writer: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    held: dict[str, Ref] = field(default_factory=dict)
    used: int = 0
    index: int = -1
    stale: dict[str, int] = field(default_factory=dict)
    written: int = 0
    """Bytes of pages, so far."""

    def drafts(self, parts: Parts) -> list[Draft]:
        """Return every page of `parts`, those with new content copied and given a slot."""
        taken = {ref.slot for ref in self.held.values()}
        free = (slot for slot in count() if slot not in taken)
        found = []
        for name, content in cut(parts):
            digest = _digest(content)
            old = self.held.get(name)
            if old is not None and old.digest == digest:
                found.append(Draft(old, None))
            else:
                found.append(Draft(Ref(name, next(free), -1, digest), bytes(content)))
        return found

    def record(
        self, ref: Ref, packed: bytes, topic: str, partition: int, signer: Signer
    ) -> Outgoing:
        """Return the record of a new page."""
        self.used = max(self.used, ref.slot + 1)
        head = Head(self.writer, ref.slot, self.index, self.stale)
        value = framed(msgspec.json.encode(head), packed)
        key = page_key(partition, self.writer, ref.slot)
        self.written += len(value)
        return signer.sign(Outgoing(topic, key, value, partition=partition))

    def index_of(self, refs: Iterable[Ref]) -> Index:
        """Return the index of a state whose pages lie at `refs`."""
        return Index(self.writer, self.used, list(refs))

    def settle(self, refs: Iterable[Ref], index: int) -> None:
        """Take the index at offset `index` for the last one."""
        self.held = {ref.name: ref for ref in refs}
        self.index = index

    def leftovers(self, partition: int) -> list[bytes]:
        """Return the keys of earlier owners' slots, once: they may be emptied."""
        books, self.stale = self.stale.items(), {}
        return [page_key(partition, writer, slot) for writer, used in books for slot in range(used)]


def page_key(partition: int, writer: str, slot: int) -> bytes:
    """Return the key of a page."""
    return f"{partition}/page/{writer}/{slot}".encode()


def is_page(key: bytes | None) -> bool:
    """Say whether a record of a snapshot topic is a page."""
    return b"/page/" in (key or b"")


def framed(header: bytes, payload: bytes) -> bytes:
    """Return a record's value: the header's length, the header, the payload."""
    return len(header).to_bytes(4) + header + payload


def opened(value: bytes) -> tuple[memoryview, memoryview]:
    """Return what `framed` took."""
    view = memoryview(value)
    start = 4 + int.from_bytes(view[:4])
    return view[4:start], view[start:]


def cut(parts: Parts) -> Iterator[tuple[str, Content]]:
    """Yield (name, content) of every page, in order; content is of use until the next is asked."""
    for name, part in parts.items():
        for number, column in enumerate(_columns(part)):
            step = BYTES if isinstance(column, bytes) else ROWS
            for first in range(0, max(len(column), 1), step):
                piece = column[first : first + step]
                content = piece if isinstance(piece, bytes) else np.ascontiguousarray(piece).data
                yield f"{name}/{number}/{first}", content


def joined(pages: Iterable[tuple[str, Content]]) -> dict[str, bytes]:
    """Return the parts of which `cut` made `pages`, each as its bytes."""
    parts: dict[str, list[Content]] = {}
    for name, content in pages:
        parts.setdefault(name.split("/")[0], []).append(content)
    return {name: b"".join(contents) for name, contents in parts.items()}


def _digest(content: Content) -> bytes:
    # Processors have instructions for SHA-256: it takes half the time of BLAKE2 there.
    return hashlib.sha256(content).digest()[:_DIGEST]


def _columns(part: Part) -> Iterable[Part]:
    if isinstance(part, bytes) or part.ndim == 1:
        return [part]
    return list(part.T)


def whole(index: Index, found: Mapping[int, memoryview]) -> dict[str, bytes] | None:
    """Return the parts that `index` speaks of, or None where a page is not what it should be.

    Parameters
    ----------
    found : mapping of int to memoryview
        Pages as they lie in the topic, by offset.
    """
    import cramjam

    pages = []
    for ref in index.pages:
        packed = found.get(ref.offset)
        if packed is None:
            return None
        content = memoryview(cramjam.zstd.decompress(packed))
        if _digest(content) != ref.digest:
            return None
        pages.append((ref.name, content))
    return joined(pages)


def runs(offsets: Sequence[int]) -> list[tuple[int, int]]:
    """Return the stretches (first, last) in which `offsets`, ascending, lie closely together.

    Examples
    --------
    >>> runs([3, 4, 6, 40])
    [(3, 6), (40, 40)]
    """
    found: list[tuple[int, int]] = []
    for offset in offsets:
        if found and offset - found[-1][1] <= NEAR:
            found[-1] = (found[-1][0], offset)
        else:
            found.append((offset, offset))
    return found
