"""What routes work with: the views to read, the log to write, the live tail."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Concatenate, NamedTuple, ParamSpec, TypeVar

import msgspec
from fastapi import Depends, Request
from sqlalchemy import Connection, Engine
from starlette.concurrency import run_in_threadpool

from api.audit.asked import ASKED
from api.audit.trail import Trail
from api.coalescing import Coalesced
from api.idempotency.naming import new_id
from api.live import LiveTail
from api.pulse import PROJECTED, Pulse
from api.schemas.common import Receipt
from config.policy import Policy
from streams.contracts.envelope import Event, outgoing
from streams.contracts.events.registry import event_type
from streams.contracts.events.told import told_event
from streams.contracts.record import Outgoing
from streams.contracts.telemetry import Heartbeat, check_size, encode_heartbeat
from streams.contracts.topics import TELEMETRY
from streams.contracts.trust import RecordKind, Signer
from streams.kafka.publisher import Publisher

P = ParamSpec("P")
R = TypeVar("R")
Question = Callable[Concatenate[Connection, P], R]


class InForce(NamedTuple):
    """The policy in force, and the shipped one that was answered last."""

    policy: Policy
    answered: Policy


@dataclass(slots=True)
class Versions:
    """What was put in force by this process; the views show it a moment later."""

    latest: InForce | None = None
    one_change: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class Services:
    """The outside world of the routes.

    Parameters
    ----------
    engine : Engine
        The projections, read-only.
    publisher : Publisher
        The log.
    signer : Signer
        Proves that what is written comes from this installation.
    live : LiveTail
        New events, for streams.
    pulse : Pulse
        The state of the installation's own parts.
    trail : Trail
        Who did what.
    fleets : Coalesced
        Whole fleets that are being read, with their entity tags.
    """

    engine: Engine
    publisher: Publisher
    signer: Signer
    live: LiveTail
    pulse: Pulse
    trail: Trail
    versions: Versions = field(default_factory=Versions)
    fleets: Coalesced[tuple[bytes, str]] = field(default_factory=Coalesced)

    def ask(self, question: Question[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the projections' answer to one of `projections.queries`."""
        with self.engine.connect() as connection:
            return question(connection, *args, **kwargs)

    async def ask_aside(self, question: Question[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the answer without holding up the event loop."""
        return await run_in_threadpool(lambda: self.ask(question, *args, **kwargs))

    async def receipt(self, subject: str, data: msgspec.Struct, correlation: str = "") -> Receipt:
        """Write what a person caused to every topic of its type; return once acknowledged.

        That they caused it is put on record first.

        Parameters
        ----------
        subject : str
            ``tenant/agent``.
        correlation : str
            What it belongs to; empty where it begins something itself.

        Raises
        ------
        PublishError
            If the broker did not acknowledge it, or its record.
        """
        identity = new_id()
        event = told_event(data, identity, subject, time.time(), correlation or identity)
        return await self.write(event)

    async def write(self, event: Event) -> Receipt:
        """Write an event that a person caused to every topic of its type; see `receipt`."""
        kind = event_type(event.type)
        if (asked := ASKED.get()) is not None:
            await self.trail.before(asked.doing(event))
            asked.recorded = True
        records = [outgoing(event, t.name, 0 if t.single else None) for t in kind.to]
        written = await self.publisher.publish([self.signer.sign(record) for record in records])
        shown = next((place for place in written if place.topic in PROJECTED), written[0])
        return Receipt(position=str(shown), event_id=event.id)

    async def publish_told(self, events: Sequence[Event]) -> str:
        """Write what a person caused, that is on record already; return the first one's place.

        Raises
        ------
        PublishError
            If the broker did not acknowledge all of it.
        """
        records = [
            self.signer.sign(outgoing(event, topic.name, 0 if topic.single else None))
            for event in events
            for topic in event_type(event.type).to
        ]
        written = await self.publisher.publish(records)
        return str(next((place for place in written if place.topic in PROJECTED), written[0]))

    async def put_on_record(self, action: str, resource: str, **details: str) -> None:
        """Put on the audit trail what is about to be written by other means than `receipt`.

        Raises
        ------
        PublishError
            If the broker did not acknowledge it; then it must not be done.
        """
        if (asked := ASKED.get()) is not None:
            await self.trail.before(asked.about(action, resource, details))
            asked.recorded = True

    async def report(self, heartbeats: Sequence[Heartbeat]) -> Receipt:
        """Write heartbeats, signed; return once all are acknowledged.

        Raises
        ------
        MalformedRecord
            If one is larger than any reader accepts.
        PublishError
            If the broker did not acknowledge them all.
        """
        records = [
            Outgoing(TELEMETRY.name, h.key.encode(), encode_heartbeat(h)) for h in heartbeats
        ]
        for record in records:
            check_size(record.value)
        signed = [self.signer.sign(record, RecordKind.TELEMETRY) for record in records]
        written = await self.publisher.publish(signed)
        return Receipt(position=str(written[-1]))


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Served = Annotated[Services, Depends(_services)]
