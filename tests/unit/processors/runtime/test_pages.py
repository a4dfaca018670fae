"""A large state goes by pages: what changed is written, and a snapshot is whole or not there."""

from __future__ import annotations

import hashlib
import random

import cramjam
import msgspec
import numpy as np
import pytest

from processors.parts import Parts, in_one_piece, in_parts, packed
from processors.runtime import pages
from processors.runtime.pages import Book, Index, cut, is_page, joined, page_key, whole
from processors.runtime.snapshot_format import Assembly, Label, Snapshot, encode
from streams.contracts.record import Outgoing, Record
from tests.end_to_end.counting import SIGNER

TOPIC = "snapshots.telemetry"


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few numbers be many pages."""
    monkeypatch.setattr(pages, "ROWS", 4)
    monkeypatch.setattr(pages, "BYTES", 16)


class Log:
    """One partition of a snapshot topic."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.end = 0

    def append(self, record: Outgoing) -> int:
        value, headers = record.value, record.headers
        self.records.append(Record(TOPIC, 0, self.end, 0.0, record.key, value, headers))
        self.end += 1
        return self.end - 1

    def erase(self, key: bytes) -> None:
        self.records.append(Record(TOPIC, 0, self.end, 0.0, key, None))
        self.end += 1

    def compacted(self) -> list[Record]:
        last = {record.key: record for record in self.records}
        return sorted((r for r in last.values() if r.value), key=lambda r: r.offset)

    def imported(self) -> list[Record]:
        """Return what is left after compaction, as an import writes it: without holes."""
        return [record._replace(offset=at) for at, record in enumerate(self.compacted())]


class Writer:
    """Writes snapshots of one lane record by record, so that a test can stop anywhere."""

    def __init__(self, log: Log) -> None:
        self.log, self.book, self.generation = log, Book(), 0

    def write(self, position: int, parts: Parts, patience: int = 1000) -> bool:
        """Write a snapshot; give up after so many records, and say whether it was whole."""
        refs = []
        for draft in self.book.drafts(parts):
            if draft.packed is None:
                refs.append(draft.ref)
                continue
            if not patience:
                return False
            patience -= 1
            offset = self.log.append(self.book.record(draft.ref, draft.packed, TOPIC, 0, SIGNER))
            refs.append(draft.ref.at(offset))
        if not patience:
            return False
        index = msgspec.msgpack.encode(Index(self.book.writer, self.book.used, refs))
        self.generation = 1 - self.generation
        label = Label("counting", 1, position, "w", self.generation, paged=True)
        (record,) = encode(Snapshot(label, index), TOPIC, 0, SIGNER)
        self.book.settle(refs, self.log.append(record))
        for key in self.book.leftovers(0):
            self.log.erase(key)
        return True


def changing(drawn: random.Random, wide: np.ndarray) -> Parts:
    wide[drawn.randrange(len(wide)), drawn.randrange(wide.shape[1])] = drawn.random()
    return {"wide": wide.copy(), "name": drawn.randbytes(3) + b"x" * 40, "none": np.zeros(0)}


def read(records: list[Record]) -> Assembly:
    assembly = Assembly(SIGNER)
    assembly.add(records)
    return assembly


def test_parts_come_back_from_their_pages_as_from_one_piece() -> None:
    parts = changing(random.Random(1), np.arange(33.0).reshape(11, 3))
    found = [(name, bytes(content)) for name, content in cut(parts)]
    assert len(found) == 3 * 3 + 3 + 1
    assert packed(joined(found)) == packed(parts)
    wide = np.frombuffer(in_parts(packed(parts))["wide"]).reshape(11, 3, order="F")
    assert np.array_equal(wide, parts["wide"])


def test_only_what_changed_is_written() -> None:
    log, wide = Log(), np.zeros((100, 8))
    writer = Writer(log)
    parts = {"wide": wide.copy()}
    assert writer.write(1, parts)
    first = log.end
    wide[3, 5] = 1.0
    assert writer.write(2, {"wide": wide.copy()})
    assert log.end == first + 2  # the one page that holds it, and the index
    assert writer.write(3, {"wide": wide.copy()})
    assert log.end == first + 4  # once more: it seemed to change all the time
    assert writer.write(4, {"wide": wide.copy()})
    assert log.end == first + 5


def test_each_page_is_known_by_its_mark() -> None:
    log, wide = Log(), np.zeros((9, 3))
    writer = Writer(log)
    for position in range(3):
        assert writer.write(position, {"wide": wide + position})
    marked = [ref for ref in writer.book.held.values() if ref.marked]
    assert len(marked) == len(writer.book.held)
    assert len({ref.digest for ref in marked}) == len(marked)
    best = read(log.compacted()).best("counting", 1)
    assert best is not None
    assert in_one_piece(best.data) == packed({"wide": wide + 2})


@pytest.mark.parametrize("seed", range(20))
def test_whenever_it_stops_and_is_compacted_the_last_whole_snapshot_is_there(seed: int) -> None:
    drawn, log = random.Random(seed), Log()
    wide, last = np.zeros((9, 3)), b""
    writer = Writer(log)
    for position in range(30):
        parts = changing(drawn, wide)
        patience = drawn.choice((1, 3, 1000))
        if writer.write(position, parts, patience):
            last, at = packed(parts), position
        else:
            # Its process ended there; the next owner has read what lies in the topic.
            writer = Writer(log)
            writer.book.stale = read(log.compacted()).books()
        for records in (log.records, log.compacted(), log.imported()):
            best = read(records).best("counting", 1)
            assert (best and in_one_piece(best.data)) == (last or None)
            assert best is None or best.label.position == at
    assert len(log.compacted()) < 4 * len(list(cut(parts)))


def test_what_an_earlier_owner_left_is_emptied_and_its_late_pages_spoil_nothing() -> None:
    log, wide = Log(), np.zeros((9, 3))
    old = Writer(log)
    assert old.write(1, {"wide": wide})
    new = Writer(log)
    new.book.stale = read(log.records).books()
    wide[0] = 7.0
    assert new.write(2, {"wide": wide})
    assert not any(old.book.writer.encode() in (r.key or b"") for r in log.compacted())
    assert not old.write(1, {"wide": wide + 1.0}, patience=3)
    best = read(log.compacted()).best("counting", 1)
    assert best is not None
    assert in_one_piece(best.data) == packed({"wide": wide})


def test_pages_of_earlier_releases_are_known_by_their_digests() -> None:
    content = bytes(range(64))
    page = memoryview(cramjam.zstd.compress(content))
    digest = hashlib.sha256(content).digest()[:16]
    refs = [pages.Ref("part/0/0", 0, 7, digest)]
    assert whole(Index("w", 1, refs), {7: page}) == {"part": content}
    assert (
        whole(Index("w", 1, [pages.Ref("part/0/0", 0, 7, b"another digest..")]), {7: page}) is None
    )
    assert whole(Index("w", 1, refs), {7: memoryview(b"no page")}) is None


@pytest.mark.parametrize("changed", [0, 3])
def test_what_was_never_acknowledged_is_written_again(
    changed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "ROWS", 100)
    log, column = Log(), np.zeros(100)
    writer = Writer(log)
    for position in range(2):
        assert writer.write(position, {"column": column})
    column[changed] = 1.0
    for patience in (0, 0, 1000):
        writer.write(2, {"column": column}, patience)
    best = read(log.compacted()).best("counting", 1)
    assert best is not None
    assert in_one_piece(best.data) == packed({"column": column})


def test_a_damaged_page_is_not_trusted() -> None:
    log, writer = Log(), None
    writer = Writer(log)
    assert writer.write(1, {"wide": np.zeros((9, 3))})
    at = next(i for i, record in enumerate(log.records) if is_page(record.key))
    other = Book(writer.book.writer)
    (draft,) = other.drafts({"wide": np.ones((2, 1))})
    assert draft.packed is not None
    forged = other.record(draft.ref, draft.packed, TOPIC, 0, SIGNER)
    log.records[at] = log.records[at]._replace(value=forged.value, headers=forged.headers)
    assert page_key(0, writer.book.writer, draft.ref.slot) == forged.key
    assert read(log.records).best("counting", 1) is None


def test_the_last_record_leads_to_all_others() -> None:
    log, wide = Log(), np.zeros((9, 3))
    writer = Writer(log)
    assert writer.write(1, {"wide": wide})
    assert not writer.write(2, {"wide": wide + 1.0}, patience=2)
    assembly = read(log.records[-1:])
    steps = 0
    while offsets := assembly.wanted("counting", 1):
        assembly.add([log.records[offset] for offset in offsets])
        steps += 1
    best = assembly.best("counting", 1)
    assert best is not None
    assert (in_one_piece(best.data), steps) == (packed({"wide": wide}), 2)


def test_a_large_state_that_has_no_parts_comes_back_as_it_was_dumped() -> None:
    log = Log()
    assert Writer(log).write(1, {"": b"as the step dumped it" * 9})
    best = read(log.records).best("counting", 1)
    assert best is not None
    assert best.data == b"as the step dumped it" * 9
