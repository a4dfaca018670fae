"""Asks over HTTP at a steady rate, whether or not earlier questions were answered.

Every answer is timed from when its question was due, not from when it could be sent: a stall
counts for everybody whom it kept waiting ("coordinated omission"; G. Tene, "How NOT to measure
latency", 2015, and wrk2). A client of its own, because one for general use takes more processor
time to ask than the server takes to answer.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import httptools

CONNECTIONS: Final = 64
"""As many questions are under way at most; those that are due meanwhile wait, and it counts."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to ask, and as whom."""

    host: str
    port: int
    token: str


@dataclass(slots=True)
class Answers:
    """What came of a run.

    Parameters
    ----------
    taken : dict
        Seconds from being due to the last byte, by kind of question.
    failed : dict
        How many answers had which status of 400 and above.
    span_s : float
        From the first question's being due to the last answer.
    """

    taken: dict[str, list[float]] = field(default_factory=dict)
    failed: dict[int, int] = field(default_factory=dict)
    span_s: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second that were in fact given."""
        return sum(map(len, self.taken.values())) / self.span_s


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask: its kind, for the table, and the path below the host."""

    kind: str
    path: str


class _Connection(asyncio.Protocol):
    """One connection: a question at a time."""

    def __init__(self, loop: _Loop) -> None:
        self._loop = loop
        self._parser = httptools.HttpResponseParser(self)
        self.transport: asyncio.Transport | None = None
        self.asked: tuple[Question, float] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._loop.rest(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        assert self.asked is not None
        status, again = self._parser.get_status_code(), self._parser.should_keep_alive()
        self._loop.answered(self.asked, status)
        self._parser = httptools.HttpResponseParser(self)
        self.asked = None
        if again:
            self._loop.rest(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._loop.lost(self)


class _Loop:
    """The connections, the questions that wait for one, and the answers."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._resting: list[_Connection] = []
        self._waiting: deque[tuple[Question, float]] = deque()
        self._head = (
            f" HTTP/1.1\r\nHost: {target.host}:{target.port}\r\n"
            f"Authorization: Bearer {target.token}\r\n\r\n"
        ).encode()
        self._left = 0
        self._open = 0
        self._opening: set[asyncio.Task[None]] = set()
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answers = Answers()

    async def run(self, questions: Iterator[Question], rate: float, seconds: float) -> Answers:
        self._left = round(rate * seconds)
        begun = time.perf_counter()
        for number, question in enumerate(islice(questions, self._left)):
            due = begun + number / rate
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            self._waiting.append((question, due))
            self._send()
        await self._done
        self.answers.span_s = time.perf_counter() - begun
        return self.answers

    def rest(self, connection: _Connection) -> None:
        self._resting.append(connection)
        self._send()

    def answered(self, asked: tuple[Question, float], status: int) -> None:
        question, due = asked
        self.answers.taken.setdefault(question.kind, []).append(time.perf_counter() - due)
        if status >= 400:
            self.answers.failed[status] = self.answers.failed.get(status, 0) + 1
        self._left -= 1
        if self._left == 0 and not self._done.done():
            self._done.set_result(None)

    def lost(self, connection: _Connection) -> None:
        """Let go of a connection; servers close those that rest, sometimes just as we ask."""
        self._open -= 1
        if connection in self._resting:
            self._resting.remove(connection)
        if connection.asked is not None:
            self._waiting.appendleft(connection.asked)
            self._send()

    def _send(self) -> None:
        while self._waiting and self._resting:
            connection, asked = self._resting.pop(), self._waiting.popleft()
            assert connection.transport is not None
            connection.asked = asked
            connection.transport.write(b"GET " + asked[0].path.encode() + self._head)
        if self._waiting and self._open < CONNECTIONS:
            self._open += 1
            opening = asyncio.ensure_future(self._connect())
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(
                lambda: _Connection(self), self._target.host, self._target.port
            )
        except OSError as error:
            if not self._done.done():
                self._done.set_exception(error)


def ask(target: Target, questions: Iterator[Question], rate: float, seconds: float) -> Answers:
    """Ask `rate` questions a second for `seconds`; return how long the answers took.

    Raises
    ------
    OSError
        Where the server takes no connection.
    """

    async def run() -> Answers:
        return await _Loop(target).run(questions, rate, seconds)

    return asyncio.run(run())
