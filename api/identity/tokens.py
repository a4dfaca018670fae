"""Bearer tokens: the installation's own, and those of ``tokens.yaml``.

The file lists hashes, never tokens::

    - {name: grafana, sha256: 9f86…, tenant: default, role: viewer, expires: 2027-01-01T00:00:00Z}

Tenant ``*`` makes a token of the installation itself. The file is read again when it changes,
so that a token taken out of it stops working at once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from api.identity.roles import EVERY_TENANT, Identity, Role
from config.settings import SettingsError
from streams.contracts.telemetry import DEFAULT_TENANT

_LOG: Final = logging.getLogger("homeostat.api")
FIRST: Final = "admin"
"""The name of whoever holds the installation's first token."""
SCRAPER: Final = "scraper"
"""The name of whoever holds the token that monitoring systems read with."""


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
    ) -> None:
        self._own = {hash_of(first): Identity(FIRST, DEFAULT_TENANT, Role.ADMIN, everywhere=True)}
        if scraper is not None:
            reader = Identity(SCRAPER, DEFAULT_TENANT, Role.VIEWER, everywhere=True)
            self._own.setdefault(hash_of(scraper), reader)
        self._file = file
        self._clock = clock
        self._version = _version(file)
        self._entries = _read(file)

    def identify(self, token: str) -> Identity | None:
        """Return who `token` stands for, or None where it is unknown or has expired.

        Every known hash is compared, each in constant time: how long the answer takes says
        nothing about how close a guess was.
        """
        return self.identify_hash(hash_of(token))

    def identify_hash(self, given: str) -> Identity | None:
        """Return who the token of that SHA-256 (in hexadecimal) stands for; see `identify`."""
        self._refresh()
        now = dt.datetime.fromtimestamp(self._clock(), dt.UTC)
        found = None
        for known, identity in self._own.items():
            if hmac.compare_digest(given, known):
                found = identity
        for entry in self._entries:
            same = hmac.compare_digest(given, entry.sha256)
            if same and (entry.expires is None or now < entry.expires):
                found = entry.identity()
        return found

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
        found = file.stat()
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
