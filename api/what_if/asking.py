"""Who may ask at once, how much is read, and how long an answer may take."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from fastapi import Depends, Request

from api.errors import Problem
from api.what_if.question import Answer, Question
from config.policy import Policy
from projections.what_if.bounds import Span
from streams.kafka import launch
from streams.kafka.connection import Connection

_LOG: Final = logging.getLogger("homeostat.api")
AT_MOST: Final = 300_000
"""Records that are read: some seven seconds of a core."""
PATIENCE_S: Final = 90.0
TOGETHER: Final = 2
_RETRY: Final = {"retry-after": "10"}


class WhatIfs:
    """Has questions answered, each in a process of its own that ends with this one.

    Parameters
    ----------
    connection : Connection
        The broker.
    secret : bytes
        The installation's.
    """

    def __init__(self, connection: Connection, secret: bytes) -> None:
        self._connection = connection
        self._secret = secret
        self._asking: set[str] = set()

    async def ask(self, candidate: Policy, span: Span) -> dict[str, Any]:
        """Return the answer, as `projections.what_if.report.WhatIf` has it.

        Raises
        ------
        Problem
            409 where the tenant has one under way, 429 where others have, 503 where the log is
            away, 504 where it takes too long.
        """
        with self._alone(span.tenant or "*"):
            asked = Question.of(
                self._connection, self._secret, candidate, span._replace(at_most=AT_MOST)
            )
            try:
                async with asyncio.timeout(PATIENCE_S):
                    return _found(await _answered(msgspec.json.encode(asked)))
            except TimeoutError as error:
                detail = (
                    f"it took longer than {PATIENCE_S:g} s; ask about a shorter span, or use the "
                    "command `homeostat policy what-if`, which may take its time"
                )
                raise Problem(HTTPStatus.GATEWAY_TIMEOUT, "what-if-too-long", detail) from error

    @contextmanager
    def _alone(self, tenant: str) -> Iterator[None]:
        if tenant in self._asking:
            detail = f"another what-if of tenant {tenant} is under way; wait for its answer"
            raise Problem(HTTPStatus.CONFLICT, "what-if-under-way", detail)
        if len(self._asking) >= TOGETHER:
            detail = f"{TOGETHER} what-ifs of other tenants are under way; try again"
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS, "what-ifs-under-way", detail, headers=_RETRY
            )
        self._asking.add(tenant)
        try:
            yield
        finally:
            self._asking.discard(tenant)


async def _answered(question: bytes) -> Answer:
    argv = [sys.executable, launch.__file__, str(os.getpid())]
    argv += [sys.executable, "-m", "api.what_if.child"]
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        out, err = await child.communicate(question)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        _LOG.error(
            "a what-if ended with status %s: %s", child.returncode, err.decode(errors="replace")
        )
        raise RuntimeError("the process of a what-if ended without an answer")
    return msgspec.json.decode(out, type=Answer)


def _found(answer: Answer) -> dict[str, Any]:
    if answer.found is None:
        detail = f"the log cannot be read now: {answer.away}; try again"
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "log-away", detail, headers=_RETRY)
    return answer.found


async def _what_ifs(request: Request) -> WhatIfs:
    found: WhatIfs = request.app.state.what_ifs
    return found


Asking = Annotated[WhatIfs, Depends(_what_ifs)]
