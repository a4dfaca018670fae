"""Bearer tokens: the installation's own, those issued on the log, and those of ``tokens.yaml``.

The file is for whoever hands tokens out by other means; it lists hashes, never tokens::

    - {name: grafana, sha256: 9f86…, tenant: default, role: viewer, expires: 2027-01-01T00:00:00Z}

Tenant ``*`` makes a token of the installation itself. The file is read again when it changes,
so that a token taken out of it stops working at once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import logging
import os
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from api.identity.ledger import Ledger
from api.identity.roles import EVERY_TENANT, Identity, Role
from config.settings import SettingsError
from streams.contracts.telemetry import DEFAULT_TENANT

_LOG: Final = logging.getLogger("homeostat.api")
FIRST: Final = "admin"
"""The name of whoever holds the installation's first token."""
SCRAPER: Final = "scraper"
"""The name of whoever holds the token that monitoring systems read with."""
PREFIX: Final = "hst_"
"""What issued tokens begin with, so that searches for leaked secrets find them."""


class Refusal(Enum):
    """Why a token stands for nobody."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    UNREAD = "unread"
    """It may be one that the log knows, which was not read yet."""


class TokenEntry(BaseModel):
    """One line of ``tokens.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=200)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    tenant: str = Field(pattern=r"^(\*|[A-Za-z0-9][A-Za-z0-9._:@+-]{0,199})$")
    role: Role
    expires: AwareDatetime | None = None

    def identity(self) -> Identity:
        """Return who the token stands for."""
        everywhere = self.tenant == EVERY_TENANT
        return Identity(
            self.name, DEFAULT_TENANT if everywhere else self.tenant, self.role, everywhere
        )


_Entries: Final = TypeAdapter(list[TokenEntry])


class Tokens:
    """All tokens that are valid now.

    Parameters
    ----------
    first : str
        The installation's own token: admin of every tenant.
    file : Path
        ``tokens.yaml``; it need not exist.
    clock : callable
        Seconds since the epoch, for expiry.
    scraper : str, optional
        One more token of the installation's own: it reads for every tenant.
    ledger : Ledger, optional
        Tokens that were issued on the log.

    Raises
    ------
    SettingsError
        If the file cannot be used; names the line and the field.
    """

    def __init__(
        self,
        first: str,
        file: Path,
        clock: Callable[[], float] = time.time,
        *,
        scraper: str | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self._own = {hash_of(first): Identity(FIRST, DEFAULT_TENANT, Role.ADMIN, everywhere=True)}
        if scraper is not None:
            reader = Identity(SCRAPER, DEFAULT_TENANT, Role.VIEWER, everywhere=True)
            self._own.setdefault(hash_of(scraper), reader)
        self.ledger = ledger or Ledger((FIRST, SCRAPER))
        self._file = file
        self._clock = clock
        self._version = _version(file)
        self._entries = _read(file)

    def identify(self, token: str) -> Identity | None:
        """Return who `token` stands for, or None where it stands for nobody; see `judge`."""
        found = self.judge(token)
        return found if isinstance(found, Identity) else None

    def judge(self, token: str) -> Identity | Refusal:
        """Return who `token` stands for, or why for nobody."""
        found = self.judge_hash(hash_of(token))
        if found is Refusal.UNREAD and not token.startswith(PREFIX):
            return Refusal.UNKNOWN
        return found

    def judge_hash(self, given: str) -> Identity | Refusal:
        """Return who the token of that SHA-256 (in hexadecimal) stands for, or why for nobody.

        The installation's own and the file's hashes are compared each in constant time: how long
        the answer takes says nothing about how close a guess was.
        """
        self._refresh()
        now = self._clock()
        found = self._issued(given, now)
        for known, identity in self._own.items():
            if hmac.compare_digest(given, known):
                found = identity
        moment = dt.datetime.fromtimestamp(now, dt.UTC)
        for entry in self._entries:
            if hmac.compare_digest(given, entry.sha256):
                over = entry.expires is not None and moment >= entry.expires
                found = Refusal.EXPIRED if over else entry.identity()
        return found

    def holder_of(self, token: str) -> str:
        """Return to whom a token was issued on the log, whether or not it is still valid."""
        known = self.ledger.by_hash(hash_of(token))
        return "" if known is None else known.name

    def of_file(self) -> list[TokenEntry]:
        """Return what ``tokens.yaml`` lists now."""
        self._refresh()
        return list(self._entries)

    def named(self) -> set[str]:
        """Return the names that are held by tokens which are not on the log."""
        return {FIRST, SCRAPER, *(entry.name for entry in self.of_file())}

    def _issued(self, given: str, now: float) -> Identity | Refusal:
        token = self.ledger.by_hash(given)
        if token is None:
            return Refusal.UNKNOWN if self.ledger.current else Refusal.UNREAD
        state = token.state(now)
        if state == "valid":
            return token.identity()
        return {"expired": Refusal.EXPIRED, "revoked": Refusal.REVOKED}.get(state, Refusal.UNKNOWN)

    def _refresh(self) -> None:
        version = _version(self._file)
        if version == self._version:
            return
        self._version = version
        try:
            self._entries = _read(self._file)
        except SettingsError as error:
            # Whoever broke the file may have meant to revoke one: none of them counts.
            _LOG.error("%s; only the installation's own are accepted until it is mended", error)
            self._entries = []


def hash_of(token: str) -> str:
    """Return a token's SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def _version(file: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(file)  # noqa: PTH116 - asked for each request, and this is the quicker
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(file: Path) -> list[TokenEntry]:
    try:
        plain: Any = yaml.safe_load(file.read_text(encoding="utf-8")) or []
        entries = _Entries.validate_python(plain)
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise SettingsError(f"{file}: {error}") from error
    names = [FIRST, *(entry.name for entry in entries)]
    if twice := {name for name in names if names.count(name) > 1}:
        raise SettingsError(f"{file}: names must be unique; twice: {', '.join(sorted(twice))}")
    return entries
