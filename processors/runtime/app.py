"""One Faust app: subscribed to the steps' inboxes, one agent each, resumed from our positions."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import faust

from processors.runtime.ending import Ending
from processors.runtime.member import Member
from processors.runtime.owner import Owner
from processors.runtime.pieces import Pieces
from processors.step import Step
from streams.kafka.connection import HEARTBEATS, Connection
from streams.kafka.transport import UNTOUCHED, BatchTransport, NoTables

REBALANCE_S: Final = 20.0
RECOVERY_S: Final = 3600.0
"""What Faust grants the recovery, and the flow stays off for ever where it takes longer: so long as
no fleet takes that fits a worker. That it goes on is for the watchdog to see."""
POLL_RECORDS: Final = 4000
BUFFERED_BATCHES: Final = 16


class WorkerApp(faust.App):
    """A Faust app on the batch transport.

    Attributes
    ----------
    ownership : Owner
        What the transport asks for positions.
    client_options : mapping
        How its consumer reaches the broker.
    """

    ownership: Owner
    client_options: dict[str, Any]

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_producer, self)


def make_app(connection: Connection, owner: Owner, member: Member) -> WorkerApp:
    """Return an app without agents."""
    app = WorkerApp(
        member.group,
        broker=[f"kafka://{address}" for address in connection.bootstrap.split(",")],
        store="memory://",
        datadir=str(Path(tempfile.gettempdir(), "homeostat-faust")),
        autodiscover=False,
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=0,
        TableManager=NoTables,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=member.instance,
        broker_max_poll_records=POLL_RECORDS,
        broker_session_timeout=connection.session_s,
        broker_heartbeat_interval=connection.session_s / HEARTBEATS,
        broker_rebalance_timeout=REBALANCE_S,
        broker_request_timeout=RECOVERY_S,
        stream_buffer_maxsize=BUFFERED_BATCHES,
        stream_wait_empty=False,
        worker_redirect_stdouts=False,
        loghandlers=[],
    )
    app.ownership = owner
    app.client_options = dict(connection.client_options())
    return app


def add_agent(app: WorkerApp, step: Step[Any], end: Ending) -> None:
    """Let `app` feed whole fetches of the step's inbox to the owner of its state."""
    topic = app.topic(
        step.inbox.name, value_serializer=UNTOUCHED, key_serializer=UNTOUCHED, acks=False
    )
    app.agent(topic, name=step.name, concurrency=1)(_agent(app, step, end))


def _agent(
    app: WorkerApp, step: Step[Any], end: Ending
) -> Callable[[Any], Coroutine[Any, Any, None]]:
    async def agent(stream: Any) -> None:
        batches: AsyncIterator[Any] = stream.events()
        pieces = Pieces()
        async for event in batches:
            epoch, raw = event.message.value
            place = (step.inbox.name, event.message.partition)
            done = 0
            # After a new epoch it lay in a buffer while partitions were assigned anew.
            while done < len(raw) and epoch == app.consumer.epoch:
                piece, began = raw[done : done + pieces.size], time.perf_counter()
                try:
                    await app.ownership.apply(place, piece)
                except Exception as error:  # noqa: BLE001  Faust would drop the batch and go on
                    end(f"{step.name}: {error!r}")
                pieces.learn(len(piece), time.perf_counter() - began)
                done += len(piece)
                await asyncio.sleep(0)

    return agent
