"""The node role: one per host, its senses and its hands."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from config.configuration import Configuration, host_name
from config.settings import Settings
from processors.executors.actions.registry import Registry
from processors.executors.actions.services import port_of
from processors.executors.claims import Claims
from processors.executors.commands import QUESTION, CommandLog
from processors.executors.dispatch import Dispatcher
from processors.executors.previews import Previewer
from processors.executors.probes import watch_probe
from processors.executors.services.ledger import Ledger
from processors.executors.services.managed import ManagedService
from processors.executors.services.order import stop_all
from processors.executors.sources import watches
from processors.executors.telemetry import Outbox, conflict, service_labels, service_metrics
from streams.contracts.envelope import Event
from streams.contracts.record import Outgoing
from streams.contracts.trust import Signer
from streams.kafka.complaints import Complaints
from streams.kafka.connection import Connection
from streams.kafka.errors import PublishError
from streams.kafka.publisher import Publisher
from streams.producers.host_metrics import HostSensor
from streams.producers.process_survey import SURVEY_S, Survey

log = logging.getLogger(__name__)
_TRIM_S: Final = 2.0
"""A service that writes 100 MB/s has written 200 MB meanwhile."""


class HostBusy(RuntimeError):
    """Another node acts on this host."""


async def run_node(
    settings: Settings, connection: Connection, signer: Signer, stop: asyncio.Event
) -> None:
    """Watch this host and act on it until `stop` is set; then stop what is not detached."""
    home = settings.home.resolve() / "node"
    # Connects when it first writes: services are looked after while the broker is away, too.
    publisher = Publisher(connection)
    with _only_one(home):
        try:
            node = Node(settings.configuration(), home, connection, publisher, signer)
            await node.run(stop)
        finally:
            await publisher.stop()


class Node:
    """The parts of a node, wired.

    Parameters
    ----------
    configuration : Configuration
        What is declared for this host.
    home : Path
        The node's own folder: ledgers, claims, logs of services.
    """

    def __init__(
        self,
        configuration: Configuration,
        home: Path,
        connection: Connection,
        publisher: Publisher,
        signer: Signer,
    ) -> None:
        self._configuration = configuration
        self._host = host_name(configuration)
        self._connection = connection
        self._publisher = publisher
        self._outbox = Outbox(publisher.publish, signer, configuration.tenant)
        ledger = Ledger(home / "services")
        self._services = {
            service.name: ManagedService(
                service, ledger, home / "logs" / f"{service.name}.log", self._changed
            )
            for service in configuration.services
        }
        self._claims = Claims(home / "claims.jsonl")
        registry = Registry(configuration, self._services, home)
        kill_switch = home.parent / "KILL_SWITCH"
        self._dispatcher = Dispatcher(
            self._host, registry, self._claims, self._publish, signer, kill_switch
        )
        self._previewer = Previewer(self._host, registry, self._publish, signer, kill_switch)
        self._commands = CommandLog(connection, signer, home / "commands.offset")
        self._acting: set[asyncio.Task[None]] = set()
        self._broken: asyncio.Queue[BaseException] = asyncio.Queue()
        self._conflicts: dict[str, tuple[dict[str, float], dict[str, str]]] = {}
        self._looking: dict[str, asyncio.Task[None]] = {}
        self._leaving = False
        self._complaints = Complaints(log, logging.WARNING)

    async def run(self, stop: asyncio.Event) -> None:
        """Sense and act until `stop` is set."""
        for managed in self._services.values():
            if managed.adopt():
                log.info("adopted %s", managed.name)
        duties = [self._outbox.run(), self._obey(), self._observe(), self._sense(), self._trim()]
        duties += [self._attend(managed) for managed in self._services.values()]
        duties += [
            watch_probe(probe, self._outbox.put, self._host) for probe in self._configuration.probes
        ]
        duties += watches(
            self._configuration.sources, self._connection, self._outbox.put, self._host
        )
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(duty) for duty in duties]
        told: asyncio.Task[Any] = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait({told, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        await self._leave(services=told in done)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._looking.values(), return_exceptions=True)
        self._claims.close()
        for task in done - {told}:
            task.result()

    async def _leave(self, *, services: bool) -> None:
        """Take no more commands, let those under way end, stop what goes down with us.

        Services stay where the node ends for a fault of its own: the next one adopts them.
        """
        self._leaving = True
        if self._acting:
            await asyncio.wait(self._acting, timeout=30)
        if services:
            await stop_all([s for s in self._services.values() if not s.service.detach])

    async def _obey(self) -> None:
        # Beside what comes: to look at a service that is starting may take as long as that may.
        self._act(self._dispatcher.settle())
        async for item in self._commands.follow():
            if isinstance(item, list):
                await self._publish(item)
            elif item.type == QUESTION:
                if not self._leaving and self._previewer.concerns(item):
                    self._act(self._previewer.answer(item))
            elif not self._leaving and self._dispatcher.concerns(item):
                self._dispatcher.take(item)
                self._act(self._carry_out(item))

    def _act(self, deed: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(deed)
        self._acting.add(task)
        task.add_done_callback(self._acted)

    def _acted(self, task: asyncio.Task[None]) -> None:
        self._acting.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken.put_nowait(error)

    async def _observe(self) -> None:
        """End the node where an outcome could not be kept: the next one settles the claim."""
        raise await self._broken.get()

    async def _carry_out(self, command: Event) -> None:
        await self._dispatcher.carry_out(command)
        managed = self._services.get(command.data["target"].rpartition("/")[2])
        if managed is not None:
            self._changed(managed)

    async def _publish(self, records: list[Outgoing]) -> None:
        """Write reports, however long the broker is away: an outcome is never lost."""
        while True:
            try:
                await self._publisher.publish(records)
            except PublishError as error:
                self._complaints.tell("waits", f"a report waits: {error}")
                await asyncio.sleep(1.0)
            else:
                return

    async def _sense(self) -> None:
        sensor, survey, surveyed = HostSensor(), Survey(), -SURVEY_S
        while True:
            if time.monotonic() - surveyed >= SURVEY_S:
                surveyed = time.monotonic()
                await asyncio.to_thread(survey.take)
            self._outbox.put(self._host, "host", sensor.read() | survey.metrics, survey.labels)
            await asyncio.sleep(self._configuration.host_interval_s)

    async def _trim(self) -> None:
        """Keep what services write from filling the disk."""
        while True:
            for managed in self._services.values():
                await managed.trim()
            await asyncio.sleep(_TRIM_S)

    async def _attend(self, managed: ManagedService) -> None:
        """Say how a service is, at its interval; its death is told by itself."""
        if managed.running is None and not managed.service.autostart:
            managed.stopped_on_purpose = True  # until a person starts it
        while True:
            await managed.judge()
            self._changed(managed)
            await asyncio.sleep(managed.service.health.interval_s)

    def _changed(self, managed: ManagedService) -> None:
        """Tell the log how a service is; not while it starts, nor after it was stopped."""
        if self._leaving or managed.stopped_on_purpose:
            return
        if managed.starting and managed.running is not None and not managed.verdict.well:
            return
        self._tell(managed)
        if port_of(managed) is not None and managed.last_exit and managed.name not in self._looking:
            self._looking[managed.name] = asyncio.create_task(self._look_for_stranger(managed))

    def _tell(self, managed: ManagedService) -> None:
        metrics, labels = self._conflicts.get(managed.name, ({}, {}))
        self._outbox.put(
            managed.name,
            "service",
            service_metrics(managed) | metrics,
            service_labels(managed, self._host) | labels,
        )

    async def _look_for_stranger(self, managed: ManagedService) -> None:
        """Say who holds a service's port; every socket is looked at, so it is done aside."""
        before = self._conflicts.get(managed.name)
        try:
            found = await asyncio.to_thread(conflict, managed)
        finally:
            del self._looking[managed.name]
        self._conflicts[managed.name] = found
        if found != before and not self._leaving:
            self._tell(managed)


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HostBusy(f"another node holds {home}; one acts on a host") from None
        yield
