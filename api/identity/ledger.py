"""Issued tokens: a fold of the topic ``tokens``, the same in every process that reads it.

The topic has one partition, so all see one order. It decides who holds a name: of two tokens that
are valid at once under one name, the later was never valid, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from api.identity.roles import EVERY_TENANT, Identity, Role
from projections.opening import open_fact
from streams.contracts.errors import MalformedRecord
from streams.contracts.events.access import TokenIssued, TokenRevoked
from streams.contracts.record import Record
from streams.contracts.telemetry import DEFAULT_TENANT
from streams.contracts.trust import Signer


@dataclass(frozen=True, slots=True)
class Issued:
    """One token, as far as the log tells; moments are seconds since the epoch.

    Parameters
    ----------
    void : bool
        Whether its name was taken when it was issued.
    """

    token_id: str
    name: str
    sha256: str
    tenant: str
    role: Role
    issued_by: str
    issued_at: float
    expires_at: float | None
    revoked_at: float | None = None
    revoked_by: str = ""
    reason: str = ""
    void: bool = False

    def state(self, now: float) -> str:
        """Return ``valid``, ``expired``, ``revoked`` or ``void`` at `now`."""
        if self.void:
            return "void"
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and now >= self.expires_at else "valid"

    def identity(self) -> Identity:
        """Return who the token stands for."""
        everywhere = self.tenant == EVERY_TENANT
        return Identity(
            self.name, DEFAULT_TENANT if everywhere else self.tenant, self.role, everywhere
        )


class Ledger:
    """All tokens ever issued.

    Parameters
    ----------
    reserved : collection of str
        Names that no issued token may have, because others hold them.

    Attributes
    ----------
    current : bool
        Whether all that was on the log has been read once; before, a token that is not here may
        still be valid.
    """

    def __init__(self, reserved: Collection[str] = ()) -> None:
        self._reserved = frozenset(reserved)
        self._by_id: dict[str, Issued] = {}
        self._by_hash: dict[str, str] = {}
        self._by_name: dict[str, str] = {}
        self.current = False

    def by_hash(self, sha256: str) -> Issued | None:
        """Return the token of that hash (hexadecimal).

        Looked up, not compared one by one: what a guess and a hash have in common says nothing
        about the secret behind either.
        """
        return self._by_id.get(self._by_hash.get(sha256, ""))

    def get(self, token_id: str) -> Issued | None:
        """Return the token of that id."""
        return self._by_id.get(token_id)

    def tokens(self, tenant: str | None = None) -> list[Issued]:
        """Return the tokens of `tenant`, or all, in the order of the log."""
        return [t for t in self._by_id.values() if tenant in (None, t.tenant)]

    def holder(self, name: str, now: float) -> Issued | None:
        """Return the token that is valid at `now` under `name`."""
        last = self._by_id.get(self._by_name.get(name, ""))
        return last if last is not None and last.state(now) == "valid" else None

    def clear(self) -> None:
        """Forget everything, because the log was made anew."""
        self._by_id.clear()
        self._by_hash.clear()
        self._by_name.clear()
        self.current = False

    def fold(self, record: Record, signer: Signer) -> None:
        """Take in one record of the topic.

        Raises
        ------
        ContractError
            Where it is forged, or cannot be read; nothing has changed then.
        """
        seen = open_fact(record, signer)
        if isinstance(seen.data, TokenIssued):
            self._issue(seen.data, seen.at)
        elif isinstance(seen.data, TokenRevoked):
            self._revoke(seen.data, seen.at)

    def _issue(self, data: TokenIssued, at: float) -> None:
        if data.token_id in self._by_id:
            return
        void = data.name in self._reserved or self.holder(data.name, at) is not None
        self._by_id[data.token_id] = Issued(
            data.token_id, data.name, data.sha256, data.tenant, _role(data.role), data.issued_by,
            at, data.expires_at, void=void,
        )  # fmt: skip
        self._by_hash.setdefault(data.sha256, data.token_id)
        if not void:
            self._by_name[data.name] = data.token_id

    def _revoke(self, data: TokenRevoked, at: float) -> None:
        known = self._by_id.get(data.token_id)
        if known is not None and known.revoked_at is None:
            self._by_id[data.token_id] = replace(
                known, revoked_at=at, revoked_by=data.revoked_by, reason=data.reason
            )


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError as error:
        raise MalformedRecord("invalid_data", f"role is {text!r}; it is none") from error
