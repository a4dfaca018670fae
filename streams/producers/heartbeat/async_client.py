"""Heartbeats from a program that runs on asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Self

from streams.contracts.errors import ContractError
from streams.contracts.message import ASSISTANT, Message
from streams.contracts.telemetry import DEFAULT_TENANT
from streams.producers.heartbeat.buffer import Buffer
from streams.producers.heartbeat.composer import Composer, Counters
from streams.producers.heartbeat.sender import Sender
from streams.producers.heartbeat.transports import transport_for

log = logging.getLogger("homeostat.heartbeat")

Metrics = Mapping[str, float]
Gather = Callable[[], Metrics | Awaitable[Metrics]]


class AsyncHeartbeatClient:
    """Reports on one agent; keeps what cannot be delivered and never stops its host.

    Delivery is at least once and in order. Use it as ``async with``.

    Parameters
    ----------
    agent_id : str
        Who reports.
    kafka : str, optional
        ``HOST:PORT`` of the broker. Exactly one of `kafka` and `api` is needed.
    api, token : str, optional
        The API's address and a bearer token.
    tenant_id, agent_type, labels
        As in `streams.contracts.telemetry.Heartbeat`.
    buffer : Buffer, optional
        How much is kept while nobody answers.
    spill : Path, optional
        Where what is left at the end is kept for the next run.

    Raises
    ------
    ValueError
        If it is not said where to send.
    InvalidField
        If an id may not be part of a key.
    """

    def __init__(
        self,
        agent_id: str,
        *,
        kafka: str | None = None,
        api: str | None = None,
        token: str | None = None,
        tenant_id: str = DEFAULT_TENANT,
        agent_type: str | None = None,
        labels: Mapping[str, str] | None = None,
        buffer: Buffer | None = None,
        spill: Path | None = None,
    ) -> None:
        self.counters = Counters()
        self.buffer = Buffer() if buffer is None else buffer
        self._composer = Composer(agent_id, tenant_id, agent_type, labels or {})
        transport = transport_for(self._composer.key, kafka, api, token)
        self._sender = Sender(self.buffer, transport, self.counters)
        self._spill = spill
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        if self._spill is not None:
            await asyncio.to_thread(self.buffer.load, self._spill)
        self._tasks.append(asyncio.create_task(self._sender.run()))
        self._sender.wake()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def send(
        self,
        metrics: Metrics,
        status: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> bool:
        """Record one heartbeat, measured now; return False where it breaks the contract."""
        if not self.record(metrics, status, labels):
            return False
        self._sender.wake()
        return True

    def message(self, text: str, conversation_id: str, role: str = ASSISTANT, **told: Any) -> bool:
        """Report what was said in a conversation; return False where it breaks the contract.

        Parameters
        ----------
        text : str
            What was said, at most 16,000 characters. It is judged, and shown to nobody.
        conversation_id : str
            Which conversation it belongs to.
        role : str
            Who said it: assistant (the agent itself), user, tool or system.
        **told
            `finish`, `latency_ms`, `tokens` and `model`, as in `streams.contracts.message.Message`.
        """
        if not self.record({}, message=Message(conversation_id, text, role, **told)):
            return False
        self._sender.wake()
        return True

    def record(
        self,
        metrics: Metrics,
        status: str | None = None,
        labels: Mapping[str, str] | None = None,
        message: Message | None = None,
    ) -> bool:
        """Put one heartbeat into the buffer, from any thread, without waking the sender."""
        try:
            self._composer.add_to(self.buffer, metrics, status, labels, message)
        except (ContractError, TypeError, ValueError) as error:
            self.counters.invalid += 1
            log.warning("a heartbeat was not sent: %s", error)
            return False
        return True

    def wake(self) -> None:
        """Tell the sender of what `record` added; call it in the loop's thread."""
        self._sender.wake()

    def every(self, seconds: float, gather: Gather) -> asyncio.Task[None]:
        """Send what `gather` returns, now and every `seconds`, until the client is closed.

        Whatever `gather` raises is counted and logged, and the next turn comes.
        """
        task = asyncio.create_task(self._repeat(seconds, gather))
        self._tasks.append(task)
        return task

    async def _repeat(self, seconds: float, gather: Gather) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            try:
                found = gather()
                self.send(await found if inspect.isawaitable(found) else found)
            except Exception:  # the host's own function may raise anything
                self.counters.gather_failures += 1
                log.exception("gathering metrics failed")
            due = max(due + seconds, loop.time())
            await asyncio.sleep(due - loop.time())

    async def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until everything is acknowledged; say whether that came within `timeout_s`."""
        return await self._sender.drained(timeout_s)

    async def close(self, timeout_s: float = 5.0) -> bool:
        """Send what is left within `timeout_s`, keep the rest in the spill file, and let go.

        Returns
        -------
        bool
            Whether everything was acknowledged.
        """
        sender, repeated = self._tasks[:1], self._tasks[1:]
        await _cancel(repeated)
        done = await self.flush(timeout_s) if sender else not len(self.buffer)
        await _cancel(sender)
        self._tasks.clear()
        await self._sender.close()
        if self._spill is not None:
            await asyncio.to_thread(self.buffer.save, self._spill)
        return done


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
