"""Makes heartbeats from what the host program measured, and counts what becomes of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.contracts.message import Message
from streams.contracts.telemetry import (
    DEFAULT_TENANT,
    Heartbeat,
    check_heartbeat,
    check_id,
    check_size,
    encode_heartbeat,
)
from streams.producers.heartbeat.buffer import Buffer


@dataclass(slots=True)
class Counters:
    """What became of the heartbeats of one client.

    Parameters
    ----------
    sent : int
        Acknowledged by the broker or the API.
    invalid : int
        Never sent: they break the contract of telemetry.
    refused : int
        Sent, and refused for good by the receiver.
    retries : int
        Attempts that found nobody.
    gather_failures : int
        Times that a function given to `every` raised.
    """

    sent: int = 0
    invalid: int = 0
    refused: int = 0
    retries: int = 0
    gather_failures: int = 0


@dataclass
class Composer:
    """Who reports: what is the same in every heartbeat, and the sequence.

    Raises
    ------
    InvalidField
        If `agent_id` or `tenant_id` may not be part of a key.
    """

    agent_id: str
    tenant_id: str = DEFAULT_TENANT
    agent_type: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_id("agent_id", self.agent_id)
        check_id("tenant_id", self.tenant_id)
        self._sequence = 0
        self._lock = threading.Lock()

    @property
    def key(self) -> str:
        """The canonical key, ``tenant/agent``."""
        return f"{self.tenant_id}/{self.agent_id}"

    def add_to(
        self,
        buffer: Buffer,
        metrics: Mapping[str, float],
        status: str | None,
        labels: Mapping[str, str] | None,
        message: Message | None = None,
    ) -> None:
        """Add one heartbeat, measured now, to `buffer`.

        Raises
        ------
        InvalidField, MalformedRecord
            If it breaks the contract; it takes no number then.
        """
        # One lock over number and place: the order in the log is the order of the sequence.
        with self._lock:
            heartbeat = Heartbeat(
                self.agent_id,
                dict(metrics),
                self.tenant_id,
                time.time(),
                self._sequence,
                status,
                self.agent_type,
                {**self.labels, **(labels or {})},
                message,
            )
            check_heartbeat(heartbeat)
            value = encode_heartbeat(heartbeat)
            check_size(value)
            buffer.append(value)
            self._sequence += 1
