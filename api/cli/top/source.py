"""The API as a live view reads it: pictures when asked for, and a stream that is taken up again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import httpx

from api.cli.client import AWAY, WAITS_S, CommandError, asked_wait, failure, towards
from api.cli.top.board import ACTIONS, FINDINGS, FLEET, INCIDENTS, PARTS

_PATIENCE_S: Final = 10.0
_SILENCE_S: Final = 40.0
"""A quiet stream shows a sign of life every fifteen seconds."""
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 5.0
_LATEST: Final = 2**53 - 1
TAIL: Final = 100
MOST: Final = 200
_PATHS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    FLEET: ("/fleet", {}),
    FINDINGS: ("/findings", {"state": "open", "limit": MOST}),
    INCIDENTS: ("/incidents", {"status": "active", "limit": MOST}),
    ACTIONS: ("/actions", {"state": "awaiting", "limit": MOST}),
    PARTS: ("/system/health", {}),
}


class Source:
    """Asks the API of an installation.

    Parameters
    ----------
    base : str
        Such as ``http://127.0.0.1:8000``.
    token : str
        Sent as a bearer token.
    """

    def __init__(self, base: str, token: str) -> None:
        self.base = base
        self._http = httpx.AsyncClient(**towards(base, token, _PATIENCE_S))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def picture(self, part: str) -> Any:
        """Return the present state of a part of the view; see `board`.

        Raises
        ------
        CommandError
            Where the API is away or refuses.
        """
        path, asked = _PATHS[part]
        return await self._ask("GET", path, params=asked)

    async def latest(self) -> list[dict[str, Any]]:
        """Return the last events, oldest first."""
        page = await self._ask("GET", "/events", params={"before": _LATEST, "limit": TAIL})
        items: list[dict[str, Any]] = page["items"]
        return items

    async def answer(self, action: Mapping[str, Any], verb: str, reason: str) -> None:
        """Approve or reject an action as it was looked at."""
        body = {"reason": reason, "preview_hash": action["preview_hash"]}
        await self._ask("POST", f"/actions/{action['action_id']}/{verb}", json=body)

    async def events(
        self, after: int, linked: Callable[[bool], None]
    ) -> AsyncIterator[dict[str, Any]]:
        """Give every event after a `seq`, for ever.

        Parameters
        ----------
        linked : callable
            Told whether the stream stands, whenever that changes.
        """
        pause = FIRST_PAUSE_S
        while True:
            try:
                async with self._stream(after) as answer:
                    if answer.is_error:
                        await answer.aread()
                        raise failure(answer)
                    linked(True)
                    pause = FIRST_PAUSE_S
                    async for event in _events_in(answer):
                        after = event["seq"]
                        yield event
            except httpx.TransportError:
                pass  # told below, like a stream that the server ended
            except CommandError as error:
                if error.status != AWAY:
                    raise
            linked(False)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _stream(self, after: int) -> Any:
        headers = {"Last-Event-ID": str(after)}
        timeout = httpx.Timeout(_PATIENCE_S, read=_SILENCE_S)
        return self._http.stream("GET", "/stream", headers=headers, timeout=timeout)

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        for wait_s in WAITS_S:
            try:
                answer = await self._http.request(method, path, **options)
            except httpx.TransportError as error:
                raise CommandError(AWAY, f"{self.base} does not answer ({error})") from error
            if answer.status_code != HTTPStatus.TOO_MANY_REQUESTS:
                break
            await asyncio.sleep(min(wait_s, asked_wait(answer)))
        if answer.is_error:
            raise failure(answer)
        return answer.json()


async def _events_in(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    async for line in answer.aiter_lines():
        if line.startswith("data: "):
            event: dict[str, Any] = json.loads(line.removeprefix("data: "))
            if "seq" in event:
                yield event
