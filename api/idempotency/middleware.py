"""Carries out a keyed write once, and answers whoever asks again as the first time.

Source: draft-ietf-httpapi-idempotency-key-header-07, 2.6 and 2.7.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Problem, invalid, problem_of
from api.idempotency.book import Book
from api.idempotency.ledger import Order, Outcome, Verdict
from api.idempotency.naming import HEADER, LONGEST, NAMED, Named, key_in
from api.idempotency.recovery import recovered
from api.identity.roles import EVERY_TENANT, Identity
from api.openapi.allowed import methods_of
from streams.contracts.events.request import RequestSettled
from streams.kafka.errors import PublishError

_LOG: Final = logging.getLogger("homeostat.api")
REPLAYED: Final = "idempotency-replayed"
WRITING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
WITHOUT: Final = frozenset({"/api/v1/session"})
"""Nothing of these is on the log: a cookie is given anew."""
SHOWN_ONCE: Final = frozenset({"/api/v1/tokens"})
"""Answers with a secret are kept nowhere."""
LONGEST_ANSWER: Final = 1 << 16


class Idempotency:
    """Looks after writes that name a key; any other goes through as it is.

    Parameters
    ----------
    book : Book
        The keys.
    prefix : str
        Below which paths it applies.
    """

    def __init__(self, app: ASGIApp, book: Book, prefix: str) -> None:
        self._app = app
        self._book = book
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        given = self._given(scope)
        if given is None:
            await self._app(scope, receive, send)
            return
        try:
            answer = await self._answer(scope, receive, given)
        except (Problem, PublishError) as error:
            answer = problem_of(error).response(scope["path"])
        await answer(scope, receive, send)

    def _given(self, scope: Scope) -> str | None:
        if scope["type"] != "http" or scope["method"] not in WRITING:
            return None
        path: str = scope["path"]
        if not path.startswith(self._prefix) or path in WITHOUT:
            return None
        given = Headers(scope=scope).get(HEADER)
        known = given is not None and scope["method"] in methods_of(scope["app"], path)
        return given if known else None

    async def _answer(self, scope: Scope, receive: Receive, given: str) -> ASGIApp:
        key = key_in(given)
        if key is None:
            remedy = f"give 1 to {LONGEST} printable ASCII characters, bare or as a quoted string"
            raise invalid(HEADER, given, remedy)
        who: Identity = scope["state"]["identity"]
        tenant = EVERY_TENANT if who.everywhere else who.tenant
        body = await Request(scope, receive).body()
        said = (scope["method"].encode(), scope["path"].encode(), scope["query_string"], body)
        named = Named((tenant, who.name), key, said)
        claim, verdict = await self._book.claim(named, who.tenant)
        if verdict.order in (Order.RUN, Order.AGAIN):
            again = verdict.order is Order.AGAIN
            run = _Run(self._app, self._book, named, claim, who.tenant)
            return await run(scope, receive, body, again=again)
        if verdict.answer is not None:
            return _replay(verdict.answer)
        raise _REFUSALS[verdict.order](verdict)


class _Run:
    """Carries one request out, and settles its claim before it is answered."""

    def __init__(self, app: ASGIApp, book: Book, named: Named, claim: str, tenant: str) -> None:
        self._app = app
        self._book = book
        self._named = named
        self._claim = claim
        self._tenant = tenant

    async def __call__(
        self, scope: Scope, receive: Receive, body: bytes, *, again: bool
    ) -> ASGIApp:
        said: list[Message] = []
        try:
            done = await recovered(scope["app"], self._named) if again else None
            if done is not None:
                await done(scope, receive, _into(said))
            else:
                await self._serve(scope, receive, body, _into(said))
        except Exception:
            await self._settle(HTTPStatus.INTERNAL_SERVER_ERROR)
            raise
        await self._settled(scope, said)
        return _saying(said)

    async def _serve(self, scope: Scope, receive: Receive, body: bytes, send: Send) -> None:
        token = NAMED.set(self._named)
        try:
            await self._app(scope, _rereading(body, receive), send)
        finally:
            NAMED.reset(token)

    async def _settled(self, scope: Scope, said: list[Message]) -> None:
        status: int = said[0]["status"]
        content = b"".join(message.get("body", b"") for message in said[1:])
        kept = len(content) <= LONGEST_ANSWER and scope["path"] not in SHOWN_ONCE
        if status < HTTPStatus.BAD_REQUEST and kept:
            headers = Headers(raw=said[0].get("headers", []))
            await self._settle(status, headers.get("content-type", ""), content.decode())
        else:
            await self._settle(status)

    async def _settle(self, status: int, media_type: str = "", body: str = "") -> None:
        settled = RequestSettled(
            self._named.key, self._claim, _outcome(status), status, media_type, body
        )
        try:
            await self._book.settle(settled, self._tenant)
        except PublishError as error:
            _LOG.warning("what became of a request cannot be kept: %s", error)


def _outcome(status: int) -> Outcome:
    if status < HTTPStatus.BAD_REQUEST:
        return Outcome.ANSWERED
    return Outcome.FAILED if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Outcome.REFUSED


def _replay(answer: RequestSettled) -> Response:
    if not answer.media_type and answer.status != HTTPStatus.NO_CONTENT:
        detail = "it was done, and its answer was shown once and is kept nowhere"
        raise Problem(HTTPStatus.CONFLICT, "answer-not-kept", detail)
    headers = {REPLAYED: "true"} | (
        {"content-type": answer.media_type} if answer.media_type else {}
    )
    return Response(answer.body, answer.status, headers)


def _other(_verdict: Verdict) -> Problem:
    remedy = "it stands for another request for 24 hours; take a new key for what is new"
    return invalid(HEADER, None, remedy, "idempotency-key-reused")


def _busy(_verdict: Verdict) -> Problem:
    detail = "the same request is being carried out, or was cut short a moment ago; ask again"
    soon = {"retry-after": "1"}
    return Problem(HTTPStatus.CONFLICT, "request-in-progress", detail, headers=soon)


def _full(verdict: Verdict) -> Problem:
    detail = "too many keys are in use; leave the header out, or come back when keys have expired"
    later = {"retry-after": str(max(1, math.ceil(verdict.wait_s)))}
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, "too-many-keys", detail, headers=later)


_REFUSALS: Final[dict[Order, Callable[[Verdict], Problem]]] = {
    Order.OTHER: _other,
    Order.BUSY: _busy,
    Order.FULL: _full,
}


def _rereading(body: bytes, receive: Receive) -> Receive:
    """Return what gives the body that was read, and then whatever else comes."""
    given = False

    async def once_more() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once_more


def _into(said: list[Message]) -> Send:
    async def keep(message: Message) -> None:
        said.append(message)

    return keep


def _saying(said: list[Message]) -> ASGIApp:
    async def say(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in said:
            await send(message)

    return say
