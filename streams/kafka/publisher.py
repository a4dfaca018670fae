"""Writes records and returns when the broker has them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Any, Final, Self

from streams.contracts.envelope import CONTENT
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Outgoing, Position
from streams.contracts.topics import every_topic
from streams.contracts.trust import RecordKind, Signer
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway, PublishError, RecordTooLarge
from streams.kafka.starting import started

_LIMITS: Final = {topic.name: int(topic.config()["max.message.bytes"]) for topic in every_topic()}
_LIMIT: Final = 1 << 20
"""What brokers accept for a topic that is not ours."""
_OVERHEAD: Final = 128
"""Bytes of a batch's and a record's frame, generously; each header adds its own."""
_BATCH: Final = 1 << 20
_BULK: Final = 64
"""From how many records on whole batches are built here rather than record by record."""

Place = tuple[str, int]


class Publisher:
    """An idempotent producer: order kept per partition, nothing written twice by a retry.

    Parameters
    ----------
    connection : Connection
        How to reach the broker.
    linger_ms : int
        How long small publications wait for company; 0 sends at once.
    timeout_s : float
        After how long without an acknowledgement a publication fails with `BrokerAway`.
    """

    def __init__(
        self, connection: Connection, *, linger_ms: int = 0, timeout_s: float = 30.0
    ) -> None:
        self._connection = connection
        self._linger_ms = linger_ms
        self._timeout_s = timeout_s
        self._producer: Any = None
        self._tracer = connection.tracer()
        self._counts: dict[str, int] = {}
        self._change = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Connect.

        Raises
        ------
        BrokerAway
            If no broker answers.
        """
        await self._connected()

    async def stop(self) -> None:
        """Send what is under way, and disconnect."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()
        if self._tracer is not None:
            await asyncio.to_thread(self._tracer.flush)

    async def publish(self, records: Sequence[Outgoing]) -> list[Position]:
        """Write `records` and return when every one is acknowledged, in order per partition.

        A record without a partition goes where its key belongs; one without a key as well goes
        where an empty key would.

        Returns
        -------
        list of Position
            Where each record lies, in the order given; for 64 records and more, where each of
            the batches begins that they were sent in.

        Raises
        ------
        RecordTooLarge
            If the broker would never accept a record; nothing was written.
        BrokerAway
            If acknowledgements did not come in time: any of the records may have been written.
        PublishError
            If the broker refused.
        """
        _check_sizes(records)
        if not records:
            return []
        producer = await self._connected()
        writing = None if self._tracer is None else self._tracer.begin(records)
        if writing is not None:
            records = writing.records
        async with self._translated(producer):
            placed = [(await self._place(producer, record), record) for record in records]
            send = _send_bulk if len(records) >= _BULK else _send_each
            written = await _all([_watched(future) async for future in send(producer, placed)])
        if writing is not None:
            writing.end()
        return [Position(told.topic, told.partition, told.offset) for told in written]

    async def broadcast(self, topic: str, value: bytes, signer: Signer, kind: RecordKind) -> None:
        """Write one signed record, without a key, into every partition of `topic`."""
        producer = await self._connected()
        async with self._translated(producer):
            count = await self._count(producer, topic)
        told = CONTENT if kind is RecordKind.EVENT else ()
        await self.publish(
            [signer.sign(Outgoing(topic, None, value, told, p), kind) for p in range(count)]
        )

    async def _connected(self) -> Any:
        from aiokafka import AIOKafkaProducer

        async with self._change:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._connection.client_options(),
                    enable_idempotence=True,
                    acks="all",
                    linger_ms=self._linger_ms,
                    max_batch_size=_BATCH,
                    max_request_size=max(_LIMITS.values()),
                    request_timeout_ms=int(self._timeout_s * 1000),
                )
                async with self._translated(producer):
                    await started(producer)
                self._producer = producer
            return self._producer

    @asynccontextmanager
    async def _translated(self, producer: Any) -> AsyncIterator[None]:
        from aiokafka import errors

        try:
            # The client retries for as long as it knows a leader; waiting is bounded here.
            async with asyncio.timeout(self._timeout_s):
                yield
        except errors.MessageSizeTooLargeError as error:
            raise RecordTooLarge(str(error)) from error
        except (errors.KafkaConnectionError, errors.KafkaTimeoutError, TimeoutError) as error:
            await self._replace(producer)
            where = self._connection.bootstrap
            why = str(error) or f"no acknowledgement in {self._timeout_s:g} s"
            raise BrokerAway(f"the broker at {where} does not answer: {why}") from error
        except errors.KafkaError as error:
            await self._replace(producer)
            raise PublishError(f"the broker refused: {error!r}") from error

    async def _replace(self, producer: Any) -> None:
        """Give up a producer whose sequence numbers may have a gap; the next one starts anew."""
        from aiokafka.errors import KafkaTimeoutError

        if self._producer is producer:
            self._producer = None
        # In this order: a sender at work would trip over batches that failed, and stopping would
        # wait for batches that no sender takes any more.
        await producer._sender.close()
        producer._message_accumulator.fail_all(KafkaTimeoutError())
        await producer.stop()

    async def _place(self, producer: Any, record: Outgoing) -> Place:
        if record.partition is not None:
            return record.topic, record.partition
        count = await self._count(producer, record.topic)
        return record.topic, partition_for(record.key or b"", count)

    async def _count(self, producer: Any, topic: str) -> int:
        if topic not in self._counts:
            # Fixed when the log is made, so it is asked once.
            self._counts[topic] = len(await producer.partitions_for(topic))
        return self._counts[topic]


def _check_sizes(records: Iterable[Outgoing]) -> None:
    for record in records:
        size = _OVERHEAD + len(record.key or b"") + len(record.value)
        size += sum(len(name) + len(value) + 10 for name, value in record.headers)
        limit = _LIMITS.get(record.topic, _LIMIT)
        if size > limit:
            raise RecordTooLarge(
                f"a record for {record.topic} has {size} bytes; at most {limit} are accepted"
            )


async def _send_each(
    producer: Any, placed: Sequence[tuple[Place, Outgoing]]
) -> AsyncIterator[asyncio.Future[Any]]:
    for (topic, partition), record in placed:
        yield await producer.send(
            topic,
            value=record.value,
            key=record.key,
            partition=partition,
            headers=list(record.headers),
        )


async def _send_bulk(
    producer: Any, placed: Sequence[tuple[Place, Outgoing]]
) -> AsyncIterator[asyncio.Future[Any]]:
    in_order = sorted(placed, key=lambda item: item[0])  # stable: order per partition stays
    for (topic, partition), group in groupby(in_order, key=lambda item: item[0]):
        for batch in _batches(producer, [record for _, record in group]):
            yield await producer.send_batch(batch, topic, partition=partition)


def _batches(producer: Any, records: Sequence[Outgoing]) -> Iterable[Any]:
    batch = producer.create_batch()
    for record in records:
        entry = {"key": record.key, "value": record.value, "headers": list(record.headers)}
        if batch.append(**entry, timestamp=None) is None:
            yield batch
            batch = producer.create_batch()
            batch.append(**entry, timestamp=None)
    batch.close()
    yield batch


async def _all(acknowledgements: Collection[asyncio.Future[Any]]) -> list[Any]:
    """Wait for all, then raise the first failure or return the answers.

    The futures belong to the client: cancelling one would break its sender.
    """
    await asyncio.wait(acknowledgements)
    return [future.result() for future in acknowledgements]


def _watched(future: asyncio.Future[Any]) -> asyncio.Future[Any]:
    """Return `future`, whose failure is no news where the others were not sent any more."""
    future.add_done_callback(_seen)
    return future


def _seen(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
