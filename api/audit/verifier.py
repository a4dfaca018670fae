"""Holds the audit trail to its chains: a pure fold over the topic's records, in their order."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from api.audit.record import AFTER, KIND, OPENED, digest
from streams.contracts.envelope import Event, decode_event, encode_event
from streams.contracts.errors import ContractError, MalformedRecord, Untrusted
from streams.contracts.events.access import AuditRecorded
from streams.contracts.events.registry import data_of
from streams.contracts.record import Record
from streams.contracts.trust import RecordKind, Signer


class Head(NamedTuple):
    """The last record of a chain."""

    number: int
    hash: str


class Fault(NamedTuple):
    """A record that breaks the trail.

    Parameters
    ----------
    offset : int
        Where it lies on the topic; the topic's end where something is missing from there on.
    what : str
        Its writer and number, as far as it tells them.
    kind : str
        ``forged``, ``malformed``, ``tampered``, ``removed`` or ``reordered``.
    expected, found : str
        What would have been whole, and what there is.
    """

    offset: int
    what: str
    kind: str
    expected: str
    found: str

    def __str__(self) -> str:
        return (
            f"record {self.offset} ({self.what}) is {self.kind}: "
            f"expected {self.expected}, found {self.found}"
        )


class Verifier:
    """Takes records in the order of the topic and finds what does not fit.

    After a fault it goes on from the record as it is, so that one fault is told once. Memory: a
    hash of 32 bytes for each record of the topic.

    Parameters
    ----------
    signer : Signer
        Checks signatures.
    kept : mapping of str to Head, optional
        Heads of an earlier verification, kept elsewhere: each must still be in its chain. They
        show what nothing on the log can, the removal of everything after some moment.
    """

    def __init__(self, signer: Signer, kept: Mapping[str, Head] | None = None) -> None:
        self._signer = signer
        self._missing = dict(kept or {})
        self._seen: set[bytes] = set()
        self.heads: dict[str, Head] = {}
        self.faults: list[Fault] = []
        self.records = 0
        self.copies = 0

    def take(self, record: Record) -> None:
        """Look at the next record of the topic."""
        self.records += 1
        fingerprint = hashlib.sha256(record.value or b"").digest()
        try:
            event, data = self._opened(record)
        except ContractError as error:
            untrusted = error.reason in ("bad_signature", "unknown_kind", "unsigned_record")
            kind = "forged" if untrusted else "malformed"
            self._fault(record, "unknown", kind, "a signed audit.recorded", error.detail)
        else:
            if fingerprint in self._seen:
                self.copies += 1  # written again after an acknowledgement was lost
            else:
                self._link(record, event, data)
        self._seen.add(fingerprint)

    def finish(self, end: int) -> None:
        """Look at what is missing at the topic's end offset."""
        for writer, head in self._missing.items():
            found = self.heads.get(writer)
            told = "no record of it" if found is None else f"number {found.number} as its last"
            if found is not None and found.number >= head.number:
                told = "another record in its place"
            expected = f"number {head.number} with hash {head.hash}"
            self.faults.append(Fault(end, writer, "removed", expected, told))

    def _opened(self, record: Record) -> tuple[Event, AuditRecorded]:
        if self._signer.kind_of(record) is not RecordKind.EVENT:
            raise Untrusted("unsigned_record", "no signature")
        event = decode_event(record.value)
        if event.type != KIND.name:
            raise MalformedRecord("malformed_event", f"an event of type {event.type}")
        if encode_event(event) != record.value:
            raise MalformedRecord("malformed_event", "JSON that is not in its canonical form")
        try:
            return event, data_of(event.data, AuditRecorded)
        except msgspec.ValidationError as error:
            raise MalformedRecord("invalid_data", str(error)) from error

    def _link(self, record: Record, event: Event, data: AuditRecorded) -> None:
        what = f"number {data.number} of {data.writer}"
        head = self.heads.get(data.writer)
        if (computed := digest(event)) != data.hash:
            self._fault(record, what, "tampered", f"hash {computed}", f"hash {data.hash}")
        elif head is None:
            self._begin(record, what, data)
        elif data.number != head.number + 1:
            kind = "removed" if data.number > head.number else "reordered"
            expected = f"number {head.number + 1} after {head.hash}"
            self._fault(record, what, kind, expected, f"number {data.number}")
        elif data.previous != head.hash:
            self._fault(record, what, "tampered", f"previous {head.hash}",
                        f"previous {data.previous}")  # fmt: skip
        if head is None or data.number > head.number:
            self.heads[data.writer] = Head(data.number, data.hash)
        if self._missing.get(data.writer) == (data.number, data.hash):
            del self._missing[data.writer]

    def _begin(self, record: Record, what: str, data: AuditRecorded) -> None:
        after = data.details.get(AFTER, "")
        if data.number != 0 or data.action != OPENED:
            self._fault(record, what, "removed", "number 0, which opens the chain",
                        f"number {data.number}")  # fmt: skip
        elif after and not self._knows(after):
            expected = f"a record before it with the SHA-256 {after}"
            self._fault(record, what, "removed", expected, "none")

    def _knows(self, fingerprint: str) -> bool:
        try:
            return bytes.fromhex(fingerprint) in self._seen
        except ValueError:
            return False

    def _fault(self, record: Record, what: str, kind: str, expected: str, found: str) -> None:
        self.faults.append(Fault(record.offset, what, kind, expected, found))
