"""What every request passes before a route sees it: host, headers, size, identity.

Plain ASGI, because anything else buffers a live stream.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Collection
from email.utils import formatdate
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Problem
from api.identity.roles import Identity
from api.identity.session import COOKIE, CSRF_HEADER, Sessions
from api.identity.tokens import Refusal, Tokens
from api.safety import HSTS, SAFETY

MAX_BODY: Final = 1 << 20
PROTECTED: Final = "/api/"
METRICS: Final = "/metrics"
FOREIGN: Final = "/v1/"
"""Where exporters of OpenTelemetry send to."""
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
OPENAPI: Final = "/api/v1/openapi.json"
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_REFUSALS: Final = {
    Refusal.UNKNOWN: (
        "unauthorized",
        "send the header Authorization: Bearer TOKEN with a token that is valid now",
    ),
    Refusal.EXPIRED: (
        "token-expired",
        "this token or session has expired; an admin issues another: homeostat tokens create",
    ),
    Refusal.REVOKED: (
        "token-revoked",
        "this token was revoked; an admin issues another: homeostat tokens create",
    ),
}
_SAFETY: Final = tuple((name.encode(), value.encode()) for name, value in SAFETY.items())
_HSTS: Final = (HSTS[0].encode(), HSTS[1].encode())
Judge = Callable[[], Identity | Refusal]


class SecurityHeaders:
    """Adds what browsers need to be told, and the date."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        secure = scope.get("scheme") == "https" and _host(scope) not in LOOPBACK

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                given = {name for name, _ in headers}
                ours = (*_SAFETY, _date(int(time.time())), *([_HSTS] if secure else ()))
                headers += [header for header in ours if header[0] not in given]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class HostGuard:
    """Refuses names that are not ours, so that no foreign page reaches us by DNS rebinding.

    Parameters
    ----------
    allowed : collection of str
        Host names, without port.
    """

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self._app = app
        self._allowed = frozenset(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and (host := _host(scope)) not in self._allowed:
            detail = f"Host is {host[:100]!r}; use one of {', '.join(sorted(self._allowed))}"
            problem = Problem(HTTPStatus.MISDIRECTED_REQUEST, "unknown-host", detail)
            await problem.response(scope["path"])(scope, receive, send)
            return
        await self._app(scope, receive, send)


class Authentication:
    """Asks everything under ``/api/`` for a token or a session, before the body is looked at.

    A session's writes need the CSRF token beside the cookie: a foreign page can make a browser
    send the one, but cannot read the other.
    """

    def __init__(self, app: ASGIApp, tokens: Tokens, sessions: Sessions) -> None:
        self._app = app
        self._tokens = tokens
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and _protected(scope["path"]):
            try:
                self._admit(scope)
            except Problem as problem:
                await problem.response(scope["path"])(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _admit(self, scope: Scope) -> None:
        """Leave in the scope's state who asks, and what says whether they still may."""
        headers = Headers(scope=scope)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        judge: Judge
        if scheme.lower() == "bearer":
            judge = partial(self._tokens.judge, token.strip())
        else:
            judge = partial(self._sessions.judge, cookie) if cookie else lambda: Refusal.UNKNOWN
        found = judge()
        state = scope.setdefault("state", {})
        if not isinstance(found, Identity):
            state["refused"] = found.value
            state["holder"] = self._tokens.holder_of(token.strip())
            raise _refused(found)
        state["identity"] = found
        if scheme.lower() != "bearer" and scope["method"] not in READING:
            self._check_csrf(headers, cookie)
        state["admitted"] = lambda: isinstance(judge(), Identity)

    def _check_csrf(self, headers: Headers, cookie: str) -> None:
        given = headers.get(CSRF_HEADER, "").encode()
        if not hmac.compare_digest(given, self._sessions.csrf(cookie).encode()):
            detail = f"send the header {CSRF_HEADER} with `csrf` of GET /api/v1/session"
            raise Problem(HTTPStatus.FORBIDDEN, "csrf", detail)


def _refused(why: Refusal) -> Problem:
    if why is Refusal.UNREAD:
        detail = "the log, which knows the tokens issued, was not read yet; try again"
        retry = {"retry-after": "1"}
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "tokens-away", detail, headers=retry)
    name, detail = _REFUSALS[why]
    error = "" if why is Refusal.UNKNOWN else ', error="invalid_token"'
    challenge = {"www-authenticate": f'Bearer realm="homeostat"{error}'}
    return Problem(HTTPStatus.UNAUTHORIZED, name, detail, headers=challenge)


class BodyLimit:
    """Refuses bodies above `limit` bytes, whether or not their length was announced."""

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0").encode("latin-1")
        # Bytes know ASCII digits only; many of them are more than the limit, whatever they say.
        if announced.isdigit() and (len(announced) > 18 or int(announced) > self._limit):
            await self._problem().response(scope["path"])(scope, receive, send)
            return
        await self._app(scope, self._counting(receive), send)

    def _counting(self, receive: Receive) -> Receive:
        received = 0

        async def counted() -> Message:
            nonlocal received
            message: dict[str, Any] = dict(await receive())
            received += len(message.get("body", b""))
            if received > self._limit:
                raise self._problem()
            return message

        return counted

    def _problem(self) -> Problem:
        detail = f"the body has more than {self._limit} bytes; send less at once"
        headers = {"connection": "close"}
        return Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", detail, headers=headers
        )


@lru_cache(maxsize=1)
def _date(second: int) -> tuple[bytes, bytes]:
    return b"date", formatdate(second, usegmt=True).encode()


def _protected(path: str) -> bool:
    return (path.startswith((PROTECTED, FOREIGN)) and path != OPENAPI) or path == METRICS


def _host(scope: Scope) -> str:
    given = Headers(scope=scope).get("host", "").lower()
    if given.startswith("["):  # an IPv6 address keeps its colons
        return given.partition("]")[0] + "]"
    return given.partition(":")[0]
