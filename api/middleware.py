"""What every request passes before a route sees it: host, headers, size, identity.

Plain ASGI, because anything else buffers a live stream.
"""

from __future__ import annotations

from collections.abc import Collection
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Problem
from api.identity.tokens import Tokens

MAX_BODY: Final = 1 << 20
PROTECTED: Final = "/api/"
OPENAPI: Final = "/api/v1/openapi.json"
_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class SecurityHeaders:
    """Adds what browsers need to be told, and the date."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("date", formatdate(usegmt=True))
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
    """Asks everything under ``/api/`` for a bearer token, before the body is looked at."""

    def __init__(self, app: ASGIApp, tokens: Tokens) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not _protected(scope["path"]):
            await self._app(scope, receive, send)
            return
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        known = scheme.lower() == "bearer" and self._tokens.identify(token.strip())
        if not known:
            detail = "send the header Authorization: Bearer TOKEN with a token that is valid now"
            challenge = {"www-authenticate": 'Bearer realm="homeostat"'}
            problem = Problem(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers=challenge)
            await problem.response(scope["path"])(scope, receive, send)
            return
        scope.setdefault("state", {})["identity"] = known
        await self._app(scope, receive, send)


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
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdigit() and int(announced) > self._limit:
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


def _protected(path: str) -> bool:
    return path.startswith(PROTECTED) and path != OPENAPI


def _host(scope: Scope) -> str:
    given = Headers(scope=scope).get("host", "").lower()
    if given.startswith("["):  # an IPv6 address keeps its colons
        return given.partition("]")[0] + "]"
    return given.partition(":")[0]
