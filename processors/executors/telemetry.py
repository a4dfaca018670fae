"""What a node reports on its services and itself: signed heartbeats, of which the latest wait.

While the broker is away only the newest state of each agent waits, so memory is bounded and
nothing stale is told afterwards.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from processors.executors.actions.services import port_of, stranger_on_port
from processors.executors.services.managed import ManagedService
from streams.contracts.record import Outgoing
from streams.contracts.telemetry import Heartbeat, encode_heartbeat
from streams.contracts.topics import TELEMETRY
from streams.contracts.trust import RecordKind, Signer
from streams.kafka.complaints import Complaints
from streams.kafka.errors import PublishError

log = logging.getLogger(__name__)

Publish = Callable[[list[Outgoing]], Awaitable[object]]


class Outbox:
    """Sends heartbeats in order of their news, newest state of an agent only.

    Parameters
    ----------
    publish : callable
        Writes records; returns when they are acknowledged, raises `PublishError` where not.
    tenant : str
        Whose agents these are.
    """

    def __init__(self, publish: Publish, signer: Signer, tenant: str) -> None:
        self._publish = publish
        self._signer = signer
        self._tenant = tenant
        self._waiting: dict[tuple[str, float], Heartbeat] = {}
        self._news = asyncio.Event()
        self._complaints = Complaints(log, logging.WARNING)

    def put(
        self, agent: str, kind: str, metrics: Mapping[str, float], labels: Mapping[str, str]
    ) -> None:
        """Leave a heartbeat to be sent at once; a change of `up` never replaces another."""
        heartbeat = Heartbeat(
            agent,
            dict(metrics),
            tenant_id=self._tenant,
            at=time.time(),
            agent_type=kind,
            labels=dict(labels),
        )
        self._waiting.pop((agent, metrics.get("up", -1.0)), None)
        self._waiting[agent, metrics.get("up", -1.0)] = heartbeat
        self._news.set()

    async def run(self) -> None:
        """Send what waits, for ever; what cannot be sent waits for the broker."""
        while True:
            await self._news.wait()
            self._news.clear()
            sending, self._waiting = self._waiting, {}
            try:
                await self._publish([self._record(h) for h in sending.values()])
            except PublishError as error:
                self._complaints.tell("waits", f"telemetry waits: {error}")
                # Newer news of the same kind takes its own place, not that of what it replaces.
                kept = {k: h for k, h in sending.items() if k not in self._waiting}
                self._waiting = kept | self._waiting
                self._news.set()
                await asyncio.sleep(1.0)

    def _record(self, heartbeat: Heartbeat) -> Outgoing:
        value = encode_heartbeat(heartbeat)
        record = Outgoing(TELEMETRY.name, heartbeat.key.encode(), value)
        return self._signer.sign(record, RecordKind.TELEMETRY)


def service_metrics(managed: ManagedService) -> dict[str, float]:
    """Return what is measured of a service: up, restarts, latency."""
    running = managed.running
    metrics = {"up": 1.0 if managed.well else 0.0}
    if running is not None:
        metrics["restarts"] = float(running.restarts)
        metrics["uptime_seconds"] = max(0.0, time.time() - running.create_time)
    if managed.verdict.well:
        metrics["response_time_avg"] = managed.verdict.latency_ms
        if port_of(managed) is not None:
            # Told always, not just after a death: a node that adopts a service knows of none, and
            # a metric that ends with the node before it would be missed for ever.
            metrics["port_conflict"] = 0.0
    return metrics


def service_labels(managed: ManagedService, host: str) -> dict[str, str]:
    """Return what automation needs to know of a service."""
    service = managed.service
    labels = {"host": host, "managed": "true"}
    if service.group:
        labels["group"] = service.group
    if managed.last_exit:
        labels["last_exit"] = managed.last_exit
    if service.depends_on:
        labels["depends_on"] = ",".join(service.depends_on)
    return labels


def conflict(managed: ManagedService) -> tuple[dict[str, float], dict[str, str]]:
    """Return the metric and labels that name who holds a service's port, if anybody does."""
    found = stranger_on_port(managed) if not managed.well else None
    if found is None:
        return {"port_conflict": 0.0}, {}
    port, pid, command = found
    labels = {"port": str(port), "holder_pid": str(pid), "holder_command": command}
    return {"port_conflict": 1.0}, labels
