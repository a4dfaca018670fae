"""Tokens, and the audit trail."""

from __future__ import annotations

import msgspec


class TokenIssued(msgspec.Struct, frozen=True):
    """A token was made; its secret is known to whoever made it only, and here is its hash.

    `tenant` is ``*`` where it belongs to the installation. `expires_at` is in seconds since the
    epoch; None never expires. Where another token of that `name` is valid, this one never is.
    """

    token_id: str
    name: str
    sha256: str
    tenant: str
    role: str
    issued_by: str
    expires_at: float | None = None


class TokenRevoked(msgspec.Struct, frozen=True):
    """A token is not valid any more."""

    token_id: str
    revoked_by: str
    reason: str = ""


class AuditRecorded(msgspec.Struct, frozen=True):
    """Somebody did something, or was not let.

    Records of one `writer` are a chain: `number` ascends from 0 by one, `previous` is the `hash`
    of the record before, and `hash` is the SHA-256 of the event's canonical JSON in which `hash`
    is empty. `outcome` is ``done``, ``refused`` or ``failed``; `level` is ``info``, ``notice``,
    ``warning`` or ``critical``.
    """

    writer: str
    number: int
    previous: str
    actor: str
    role: str
    action: str
    resource: str
    outcome: str
    level: str
    details: dict[str, str]
    hash: str = ""
