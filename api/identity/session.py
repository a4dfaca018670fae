"""A browser's session: the token exchanged for a cookie that scripts cannot read.

Stateless, so a page stays signed in while the server is started anew: the cookie names the hash
of a token and when it was given, and carries an HMAC (RFC 2104) with the installation's secret.
The hash is looked up each time, so a token that is revoked ends its sessions at once.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections.abc import Callable
from typing import Final

from api.identity.roles import Identity
from api.identity.tokens import Refusal, Tokens, hash_of

COOKIE: Final = "homeostat_session"
CSRF_HEADER: Final = "x-csrf-token"
LASTS_S: Final = 7 * 86_400


class Sessions:
    """Gives cookies for tokens, and finds out whom a cookie stands for.

    Parameters
    ----------
    tokens : Tokens
        Those that are valid now.
    secret : bytes
        The installation's.
    clock : callable
        Seconds since the epoch, for expiry.
    """

    def __init__(
        self, tokens: Tokens, secret: bytes, clock: Callable[[], float] = time.time
    ) -> None:
        self._tokens = tokens
        self._secret = secret
        self._clock = clock

    def begin(self, token: str) -> str:
        """Return the cookie's value for a token that is known."""
        body = f"{hash_of(token)}.{int(self._clock())}"
        return base64.urlsafe_b64encode(f"{body}.{self._mac('session', body)}".encode()).decode()

    def identify(self, cookie: str) -> Identity | None:
        """Return whom `cookie` stands for, or None where it stands for nobody; see `judge`."""
        found = self.judge(cookie)
        return found if isinstance(found, Identity) else None

    def judge(self, cookie: str) -> Identity | Refusal:
        """Return whom `cookie` stands for, or why for nobody: forged, too old, its token's end."""
        try:
            body, _, mac = base64.urlsafe_b64decode(cookie).decode("ascii").rpartition(".")
            digest, _, begun = body.partition(".")
            age = self._clock() - int(begun or "0")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return Refusal.UNKNOWN
        if not hmac.compare_digest(mac, self._mac("session", body)):
            return Refusal.UNKNOWN
        return self._tokens.judge_hash(digest) if 0 <= age <= LASTS_S else Refusal.EXPIRED

    def csrf(self, cookie: str) -> str:
        """Return what a write must carry in `CSRF_HEADER` beside `cookie`."""
        return self._mac("csrf", cookie)

    def _mac(self, purpose: str, text: str) -> str:
        return hmac.new(self._secret, f"{purpose}\0{text}".encode(), "sha256").hexdigest()[:32]
