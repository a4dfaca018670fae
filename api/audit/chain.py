"""The writing end of one chain."""

from __future__ import annotations

import secrets
import socket

from api.audit.record import AFTER, OPENED, Entry, Level, Outcome, sealed
from api.identity.roles import EVERY_TENANT
from streams.contracts.envelope import Event, outgoing
from streams.contracts.record import Outgoing
from streams.contracts.topics import AUDIT
from streams.contracts.trust import Signer


class Chain:
    """Seals entries one after the other.

    Parameters
    ----------
    writer : str
        A name that no chain had before; see `new_writer`.
    after : str
        The SHA-256 of the last record on the topic; empty where there is none.
    at : float
        When it begins, in seconds since the epoch.
    """

    def __init__(self, writer: str, after: str, at: float, signer: Signer) -> None:
        self._writer = writer
        self._signer = signer
        self._number = 0
        self._previous = ""
        opening = Entry(
            at, "homeostat", "", EVERY_TENANT, OPENED, writer, Outcome.DONE, Level.INFO,
            {AFTER: after},
        )  # fmt: skip
        self.first = self.seal(opening)
        """The record that begins the chain; to be written before all others."""

    def seal(self, entry: Entry) -> Outgoing:
        """Return the next record of the chain, signed."""
        event: Event = sealed(entry, self._writer, self._number, self._previous)
        self._number += 1
        self._previous = event.data["hash"]
        return self._signer.sign(outgoing(event, AUDIT.name, 0))


def new_writer(part: str) -> str:
    """Return the name of a new chain of `part` (``api``, ``cli``) on this host."""
    return f"{part}@{socket.gethostname()}-{secrets.token_hex(6)}"
