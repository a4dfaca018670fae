"""Puts on record what requests did, and what they were not let do."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.audit.asked import ASKED, Asked
from api.audit.refusals import Refusals
from api.audit.trail import Trail

PATIENCE_S: Final = 2.0
"""How long an answer waits for its record, at most."""
_REFUSED: Final = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
)


class Auditing:
    """Stands before authentication, so that it sees whoever is turned away there.

    What routes write to the log was put on record before, see `Services.receipt`; here follows
    what else changes something (sessions), and whatever was refused or failed.
    """

    def __init__(self, app: ASGIApp, trail: Trail, refusals: Refusals) -> None:
        self._app = app
        self._trail = trail
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Asked(scope)

        async def watching(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._answered(asked, message["status"])
            await send(message)

        token = ASKED.set(asked)
        try:
            await self._app(scope, receive, watching)
        except Exception:
            await self._answered(asked, HTTPStatus.INTERNAL_SERVER_ERROR)
            raise
        finally:
            ASKED.reset(token)

    async def _answered(self, asked: Asked, status: int) -> None:
        failed = status >= HTTPStatus.BAD_REQUEST
        if status in _REFUSED:
            self._refusals.note(asked.answered(status), asked.address)
        elif asked.recorded or failed:
            if failed and asked.writes:
                self._trail.note(asked.answered(status))
        elif asked.writes:
            tried = self._trail.note(asked.answered(status))
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(tried), PATIENCE_S)
        elif asked.looks_at_secrets:
            self._trail.note(asked.answered(status))
