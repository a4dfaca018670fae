"""What a keyed request is called: the hash of its key, its fingerprint, the ids of its events.

Source: draft-ietf-httpapi-idempotency-key-header-07, "The Idempotency-Key HTTP Header Field";
strings of structured fields, RFC 9651, 3.3.3; UUID version 5 of RFC 9562.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from contextvars import ContextVar
from typing import Final

HEADER: Final = "idempotency-key"
LONGEST: Final = 255
_NAMESPACE: Final = uuid.UUID("0c5f1d0e-93b7-5d5c-9a51-1f6f2c6a7f10")
_QUOTED: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BARE: Final = re.compile(r"[!#-~]+")


def key_in(header: str) -> str | None:
    """Return the key in a header's value, or None where it is none.

    The draft asks for a quoted string; most clients send the bare one.

    Examples
    --------
    >>> key_in('"8e03978e"'), key_in("8e03978e"), key_in('"'), key_in("")
    ('8e03978e', '8e03978e', None, None)
    """
    quoted = _QUOTED.fullmatch(header)
    found = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else header
    well = quoted is not None or _BARE.fullmatch(header) is not None
    return found if well and 0 < len(found) <= LONGEST else None


class Named:
    """One keyed request.

    Parameters
    ----------
    scope : tuple of str
        Whose key it is: the tenant, and who asks.
    key : str
        What the client gave.
    said : tuple of bytes
        All that the request says: method, path, query, body.
    """

    __slots__ = ("_made", "fingerprint", "key")

    def __init__(self, scope: tuple[str, ...], key: str, said: tuple[bytes, ...]) -> None:
        self.key = _hash(*(part.encode() for part in (*scope, key)))
        self.fingerprint = _hash(*said)
        self._made = 0

    def next_id(self) -> str:
        """Return the id of the request's next event: the same ids at every try."""
        self._made += 1
        return self.event_id(self._made - 1)

    def event_id(self, ordinal: int) -> str:
        """Return the id of the request's event number `ordinal`."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.key}/{self.fingerprint}/{ordinal}"))


NAMED: Final[ContextVar[Named | None]] = ContextVar("named", default=None)
"""The keyed request that the running task serves."""


def new_id() -> str:
    """Return the id for an event that a request causes: derived from its key, or random."""
    named = NAMED.get()
    return str(uuid.uuid4()) if named is None else named.next_id()


def _hash(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:32]
