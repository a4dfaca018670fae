"""Heartbeats from any program: a thread of its own does the waiting."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Final, Self

from streams.contracts.message import ASSISTANT, Message
from streams.contracts.telemetry import DEFAULT_TENANT
from streams.producers.heartbeat.async_client import AsyncHeartbeatClient
from streams.producers.heartbeat.buffer import Buffer
from streams.producers.heartbeat.composer import Counters

log = logging.getLogger("homeostat.heartbeat")

_GRACE_S: Final = 10.0
"""How much longer than its limit a call into the thread may take before it is given up."""


class HeartbeatClient:
    """Reports on one agent, from any thread; see `AsyncHeartbeatClient` for the parameters.

    `send` appends to a buffer and returns; it neither waits for the network nor raises.
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
        self._client = AsyncHeartbeatClient(
            agent_id,
            kafka=kafka,
            api=api,
            token=token,
            tenant_id=tenant_id,
            agent_type=agent_type,
            labels=labels,
            buffer=buffer,
            spill=spill,
        )
        self._closed = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="heartbeats", daemon=True)
        self._thread.start()
        self._call(self._client.__aenter__(), _GRACE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def counters(self) -> Counters:
        """What became of the heartbeats so far."""
        return self._client.counters

    @property
    def dropped(self) -> int:
        """How many were given up because the buffer was full."""
        return self._client.buffer.dropped

    def send(
        self,
        metrics: Mapping[str, float],
        status: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> bool:
        """Record one heartbeat, measured now; return False where it cannot be sent."""
        if self._closed.is_set() or not self._client.record(metrics, status, labels):
            return False
        return self._woken()

    def message(self, text: str, conversation_id: str, role: str = ASSISTANT, **told: Any) -> bool:
        """Report what was said in a conversation; see `AsyncHeartbeatClient.message`."""
        message = Message(conversation_id, text, role, **told)
        if self._closed.is_set() or not self._client.record({}, message=message):
            return False
        return self._woken()

    def _woken(self) -> bool:
        try:
            self._loop.call_soon_threadsafe(self._client.wake)
        except RuntimeError:  # closed by another thread since; the spill file may have kept it
            return False
        return True

    def every(self, seconds: float, gather: Callable[[], Mapping[str, float]]) -> None:
        """Send what `gather` returns, now and every `seconds`, from a thread of its own.

        Whatever `gather` raises is counted and logged, and the next turn comes.
        """
        threading.Thread(target=self._repeat, args=(seconds, gather), daemon=True).start()

    def _repeat(self, seconds: float, gather: Callable[[], Mapping[str, float]]) -> None:
        due = time.monotonic()
        while not self._closed.is_set():
            try:
                self.send(gather())
            except Exception:  # the host's own function may raise anything
                self.counters.gather_failures += 1
                log.exception("gathering metrics failed")
            due = max(due + seconds, time.monotonic())
            self._closed.wait(due - time.monotonic())

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until everything is acknowledged; say whether that came within `timeout_s`."""
        if self._closed.is_set():
            return not len(self._client.buffer)
        return bool(self._call(self._client.flush(timeout_s), timeout_s + _GRACE_S))

    def close(self, timeout_s: float = 5.0) -> bool:
        """Send what is left within `timeout_s`, spill the rest, and end the thread.

        Returns
        -------
        bool
            Whether everything was acknowledged.
        """
        if self._closed.is_set():
            return not len(self._client.buffer)
        self._closed.set()
        done = bool(self._call(self._client.close(timeout_s), timeout_s + _GRACE_S))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        return done

    def _serve(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    def _call(self, work: Coroutine[Any, Any, Any], timeout_s: float) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)
