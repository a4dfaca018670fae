"""Asks every request of a token for its share, before anything is done for it."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Problem
from api.identity.roles import Identity
from api.limits.bucket import Standing
from api.limits.limits import Limits

STREAM: Final = "/api/v1/stream"
_STREAM_RETRY_S: Final = "5"


class RateLimit:
    """Answers 429 where a token or its tenant asks too much; tells everybody where they stand."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        who: Identity | None = scope.get("state", {}).get("identity")
        if who is None or (standing := self._limits.ask(who)) is None:
            await self._app(scope, receive, send)
            return
        if standing.wait_s > 0.0:
            await _too_much(standing).response(scope["path"])(scope, receive, send)
            return

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in standing.headers():
                    headers[name] = value
            await send(message)

        if scope["path"] == STREAM:
            await self._stream(who, scope, receive, telling)
        else:
            await self._app(scope, receive, telling)

    async def _stream(self, who: Identity, scope: Scope, receive: Receive, send: Send) -> None:
        with self._limits.streaming(who) as granted:
            if granted:
                await self._app(scope, receive, send)
            else:
                await _too_many_streams(who).response(scope["path"])(scope, receive, send)


def _too_much(standing: Standing) -> Problem:
    rate = standing.rate
    detail = (
        f"this {rate.name} asks more than {rate.per_s:g} requests per second; slow down, or send "
        "measurements in bulk to /api/v1/telemetry"
    )
    headers = {"retry-after": str(math.ceil(standing.wait_s)), **dict(standing.headers())}
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, "rate-limited", detail, headers=headers)


def _too_many_streams(who: Identity) -> Problem:
    detail = f"{who.name} holds as many streams as one token may; close one, or use another token"
    headers = {"retry-after": _STREAM_RETRY_S}
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, "too-many-streams", detail, headers=headers)
