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
from typing import Final, NamedTuple

import msgspec
import numpy as np

from processors.parts import Part, Parts, by_column
from streams.contracts.record import Outgoing
from streams.contracts.trust import Signer

ROWS: Final = 65_536
"""Of one column in one page."""
BYTES: Final = 262_144
"""Of what is no array, in one page."""
NEAR: Final = 8
"""Records that are read along rather than sought past."""
_DIGEST: Final = 16
_PROBED: Final = 64
"""Of a page's numbers, or bytes, so many are compared."""
_LEVEL: Final = -1
"""Of Zstandard: a fifth faster than 1, for a twentieth more bytes."""

Content = bytes | memoryview


class Ref(msgspec.Struct, frozen=True, array_like=True):
    """Where a page lies, and how it is known.

    Parameters
    ----------
    name : str
        The part, the column and the first row.
    slot, offset : int
        In the topic.
    digest : bytes
        The mark with which it begins, which no other page has; of its content, where it is not
        `marked`, as earlier releases wrote it.
    """

    name: str
    slot: int
    offset: int
    digest: bytes
    marked: bool = False

    def at(self, offset: int) -> Ref:
        """Return the same, written at `offset`."""
        return Ref(self.name, self.slot, offset, self.digest, self.marked)


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


class Draft(msgspec.Struct, frozen=True):
    """A page on its way: `packed` is None where it lies in the topic already."""

    ref: Ref
    packed: bytes | None


class _Print(NamedTuple):
    """A page's mark, some of its numbers, and a keyed hash of all that this process alone knows."""

    mark: bytes
    probe: bytes
    whole: int | None


def _printed(content: memoryview, last: _Print | None) -> tuple[bytes, int | None]:
    """Return the probe and the hash of a page; what changes all the time is not hashed."""
    probe = content[:: max(len(content) // _PROBED, 1)].tobytes()
    return probe, hash(bytes(content)) if last is None or last.probe == probe else None


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
    prints: dict[str, _Print] = field(default_factory=dict)
    """Of each page as it was last."""

    def drafts(self, parts: Parts) -> list[Draft]:
        """Return every page of `parts`, those with new content packed and given a slot."""
        taken = {ref.slot for ref in self.held.values()}
        free = (slot for slot in count() if slot not in taken)
        found = []
        for name, content in cut(parts):
            held, last = self.held.get(name), self.prints.get(name)
            now = _printed(content, last)
            if held is not None and last == (held.digest, *now):
                found.append(Draft(held, None))
                continue
            mark = uuid.uuid4().bytes
            self.prints[name] = _Print(mark, *now)
            found.append(
                Draft(Ref(name, next(free), -1, mark, marked=True), mark + _packed(content))
            )
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


def cut(parts: Parts) -> Iterator[tuple[str, memoryview]]:
    """Yield (name, content) of every page, in an order that never changes."""
    for name, part in parts.items():
        step = ROWS if isinstance(part, np.ndarray) else BYTES
        for first in range(0, max(len(part), 1), step):
            for number, column in enumerate(_columns(part[first : first + step])):
                yield f"{name}/{number}/{first}", column


def joined(pages: Iterable[tuple[str, Content]]) -> dict[str, bytearray]:
    """Return the parts of which `cut` made `pages`, in any order, each as its bytes.

    Page by page: a part may be so large that to join it at once would keep the other threads of
    the process from running for a second.
    """
    parts: dict[str, dict[tuple[int, int], Content]] = {}
    for page, content in pages:
        name, number, first = page.rsplit("/", 2)
        parts.setdefault(name, {})[int(number), int(first)] = content
    return {name: _in_order(found) for name, found in parts.items()}


def _in_order(found: Mapping[tuple[int, int], Content]) -> bytearray:
    pages = [memoryview(found[place]).cast("B") for place in sorted(found)]
    one, at = bytearray(sum(map(len, pages))), 0
    for page in pages:
        one[at : at + len(page)] = page
        at += len(page)
    return one


def _columns(part: Part) -> list[memoryview]:
    if not isinstance(part, np.ndarray):
        return [memoryview(part)]
    return (
        [np.ascontiguousarray(part).data] if part.ndim == 1 else [c.data for c in by_column(part)]
    )


def _packed(content: Content) -> bytes:
    """Return the content compressed; a snapshot is short-lived, so hardly."""
    import cramjam

    return bytes(cramjam.zstd.compress(content, level=_LEVEL))


def whole(index: Index, found: Mapping[int, memoryview]) -> dict[str, bytearray] | None:
    """Return the parts that `index` speaks of, or None where a page is not what it should be.

    Parameters
    ----------
    found : mapping of int to memoryview
        Pages as they lie in the topic, by offset.
    """
    pages = []
    for ref in index.pages:
        content = _unpacked(ref, found.get(ref.offset, memoryview(b"")))
        if content is None:
            return None
        pages.append((ref.name, content))
    return joined(pages)


def _unpacked(ref: Ref, packed: memoryview) -> Content | None:
    """Return the content of a page, or None where it is another one."""
    import cramjam

    if ref.marked:
        if packed[:_DIGEST] != ref.digest:
            return None
        packed = packed[_DIGEST:]
    try:
        content = memoryview(cramjam.zstd.decompress(packed))
    except cramjam.DecompressionError:
        return None
    known = ref.marked or hashlib.sha256(content).digest()[:_DIGEST] == ref.digest
    return content if known else None


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
