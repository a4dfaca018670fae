"""Signatures of control records and of everything that Homeostat writes for itself.

`telemetry` is the only topic that the outside writes to; whatever else arrives in an inbox must
prove that it comes from this installation. The proof is an HMAC-SHA256 (RFC 2104) over topic,
kind, key, origin and value, carried in a header. Replaying a signed record gains nothing: ids,
versions and times make a second copy a duplicate.
"""

from __future__ import annotations

import hmac
from enum import StrEnum
from typing import Final

from streams.contracts.errors import Untrusted
from streams.contracts.record import Outgoing, Record

KIND: Final = "hs-kind"
MAC: Final = "hs-mac"
ORIGIN: Final = "hs-origin"
"""Position of the record that this one was forwarded (or imported) from."""
_MAC_BYTES: Final = 16


class RecordKind(StrEnum):
    """What a signed record is."""

    TELEMETRY = "telemetry"
    """A heartbeat signed by a component of ours: may name any tenant and reserved metrics."""
    FORWARD = "forward"
    """A heartbeat moved to its home partition, once."""
    TICK = "tick"
    EVENT = "event"
    """A CloudEvent: a fact, a command, a policy, an approval."""


_NAMES: Final = {kind: kind.value.encode() for kind in RecordKind}


class Signer:
    """Signs and checks records with the installation's secret.

    Parameters
    ----------
    secret : bytes
        At least 16 bytes, known to this installation only.
    """

    __slots__ = ("_keyed",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 16:
            raise ValueError("the installation's secret needs at least 16 bytes")
        self._keyed = hmac.new(secret, digestmod="sha256")

    def sign(
        self, record: Outgoing, kind: RecordKind = RecordKind.EVENT, origin: bytes = b""
    ) -> Outgoing:
        """Return `record` with the headers that prove its kind and origin."""
        name = _NAMES[kind]
        mac = self._mac(record.topic, name, origin, record.key or b"", record.value)
        proof = ((KIND, name), (MAC, mac)) + (((ORIGIN, origin),) if origin else ())
        topic, key, value, headers, partition = record
        return Outgoing(topic, key, value, headers + proof, partition)

    def _mac(self, topic: str, kind: bytes, origin: bytes, key: bytes, value: bytes) -> bytes:
        mac = self._keyed.copy()
        mac.update(b"\0".join((topic.encode(), kind, origin, key, value)))
        return mac.digest()[:_MAC_BYTES]

    def kind_of(self, record: Record) -> RecordKind | None:
        """Return the proven kind of `record`, or None where it claims none.

        Raises
        ------
        Untrusted
            If the record claims a kind without a valid proof.
        """
        if not record.headers or (claimed := record.header(KIND)) is None:
            return None
        given = record.header(MAC) or b""
        origin = record.header(ORIGIN) or b""
        expected = self._mac(record.topic, claimed, origin, record.key or b"", record.value or b"")
        if not hmac.compare_digest(given, expected):
            detail = "header hs-mac does not match; only this installation may sign records"
            raise Untrusted("bad_signature", detail)
        try:
            return RecordKind(claimed.decode("ascii"))
        except ValueError as error:
            raise Untrusted("unknown_kind", f"header hs-kind is {claimed!r}") from error

    def told(self, record: Record) -> bool:
        """Say whether `record` is an event of this installation; what is forged is none."""
        try:
            return self.kind_of(record) is RecordKind.EVENT
        except Untrusted:
            return False
