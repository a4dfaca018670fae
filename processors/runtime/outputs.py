"""What steps say, written through one idempotent producer: ordered, pipelined, never lost."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from processors.runtime.ending import Ending
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Outgoing
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway
from streams.traces.work import Work

_BULK: Final = 64
"""From here on whole batches are cheaper than a call for each record."""
_REQUEST_MAX: Final = 64 << 20
REQUEST_MS: Final = 40_000

Placed = tuple[tuple[str, int], Outgoing]


class Outputs:
    """Sends without waiting, and ends the process at the first refusal.

    Parameters
    ----------
    connection : Connection
        How to reach the broker.
    end : callable
        Ends the process: a lost output may never be followed by a snapshot.
    """

    def __init__(self, connection: Connection, end: Ending) -> None:
        self._connection = connection
        self._end = end
        self._producer: Any = None
        self._tracer = connection.tracer()
        self._partitions: dict[str, int] = {}
        # Who waits for room in a partition beside others is told of a timeout long before its time:
        # aiokafka takes off, at each batch of another that goes first, all that it waited so far.
        self._turns: defaultdict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def start(self) -> None:
        """Connect.

        Raises
        ------
        BrokerAway
            If no broker answers, or it refuses us.
        """
        from aiokafka import AIOKafkaProducer
        from aiokafka.errors import KafkaConnectionError

        producer = AIOKafkaProducer(
            **self._connection.client_options(),
            enable_idempotence=True,
            acks="all",
            linger_ms=0,
            max_batch_size=1 << 20,
            max_request_size=_REQUEST_MAX,
            request_timeout_ms=REQUEST_MS,
        )
        try:
            await producer.start()
        except KafkaConnectionError as error:
            await producer.stop()
            raise BrokerAway(f"{self._connection.bootstrap} does not answer: {error}") from error
        self._producer = producer

    async def stop(self) -> None:
        """Send what is under way, and disconnect."""
        if self._producer is not None:
            await self._producer.stop()
        if self._tracer is not None:
            await asyncio.to_thread(self._tracer.flush)

    async def partitions(self, topic: str) -> int:
        """Return how many partitions `topic` has; fixed when the log is made."""
        if topic not in self._partitions:
            self._partitions[topic] = len(await self._producer.partitions_for(topic))
        return self._partitions[topic]

    async def send(
        self, records: Sequence[Outgoing], work: Work | None = None
    ) -> list[asyncio.Future[Any]]:
        """Hand `records` to the producer in order; return their acknowledgements to come.

        Parameters
        ----------
        work : Work, optional
            What they follow from, for traces.
        """
        writing = None if self._tracer is None else self._tracer.begin(records, work)
        if writing is not None:
            records = writing.records
        placed = [(await self._place(record), record) for record in records]
        many = len(placed) >= _BULK
        futures = await (self._in_batches(placed) if many else self._one_by_one(placed))
        for future in futures:
            future.add_done_callback(self._check)
        if writing is not None and futures:
            futures[-1].add_done_callback(lambda _: writing.end())
        return futures

    async def erase(
        self, topic: str, partition: int, keys: Sequence[bytes]
    ) -> list[asyncio.Future[Any]]:
        """Let compaction drop `keys`; return the acknowledgements to come."""
        futures = [await self._producer.send(topic, None, key, partition=partition) for key in keys]
        for future in futures:
            future.add_done_callback(self._check)
        return futures

    async def _place(self, record: Outgoing) -> tuple[str, int]:
        if record.partition is not None:
            return record.topic, record.partition
        return record.topic, partition_for(record.key or b"", await self.partitions(record.topic))

    async def _one_by_one(self, placed: Sequence[Placed]) -> list[asyncio.Future[Any]]:
        sent = []
        for (topic, number), record in placed:
            key, headers = record.key, list(record.headers)
            async with self._turns[topic, number]:
                sent.append(
                    await self._producer.send(
                        topic, record.value, key, partition=number, headers=headers
                    )
                )
        return sent

    async def _in_batches(self, placed: Sequence[Placed]) -> list[asyncio.Future[Any]]:
        ordered = sorted(placed, key=lambda item: item[0])  # stable: order per partition holds
        sent = []
        for (topic, number), group in groupby(ordered, key=lambda item: item[0]):
            for batch in self._batches(record for _, record in group):
                async with self._turns[topic, number]:
                    sent.append(await self._producer.send_batch(batch, topic, partition=number))
        return sent

    def _batches(self, records: Iterator[Outgoing]) -> Iterator[Any]:
        batch = self._producer.create_batch()
        for record in records:
            entry = {"key": record.key, "value": record.value, "headers": list(record.headers)}
            if batch.append(**entry, timestamp=None) is None:
                yield batch
                batch = self._producer.create_batch()
                batch.append(**entry, timestamp=None)
        batch.close()
        yield batch

    def _check(self, future: asyncio.Future[Any]) -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            self._end(f"an output was not written: {error!r}")
