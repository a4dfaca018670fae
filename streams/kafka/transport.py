"""Faust's transport, fed with whole fetches and resumed from positions of our own.

Faust hands records over one by one, and resumes from offsets that may run past what was done.
Here the records of one partition's fetch reach an agent as one message, and `Ownership` says
where each partition goes on. Offsets in the consumer group serve lag tools alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from faust.serializers.codecs import Codec, register
from faust.tables.manager import TableManager
from faust.transport.conductor import Conductor
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.contracts.record import Record
from streams.kafka.fetching import make_ours, ours

UNTOUCHED: Final = "untouched"
"""Name of the codec that leaves a value as it is."""
REQUEST_S: Final = 60.0
"""How long the broker may take to answer a request."""


class Ownership(Protocol):
    """Who holds the state of the assigned partitions, and knows where they go on."""

    def drop(self) -> None:
        """Forget every partition: nothing may be applied to it from here on."""
        ...

    async def positions(self, partitions: Iterable[TP]) -> Mapping[TP, int]:
        """Return the next offset of each partition; load its state first where needed.

        Must return within the timeout of Faust's recovery, or end the process: a slower answer
        leaves Faust's flow switched off without an error.
        """
        ...


class Batch:
    """The records of one partition's fetch, in the shape of a single record of aiokafka.

    Parameters
    ----------
    records : sequence of Record
        What was fetched; not empty.
    epoch : int
        Counts assignments; a batch of an earlier one lay in a buffer meanwhile.
    """

    __slots__ = (
        "checksum", "epoch", "headers", "key", "offset", "partition", "serialized_key_size",
        "serialized_value_size", "timestamp", "timestamp_type", "topic", "value",
    )  # fmt: skip

    def __init__(self, records: Sequence[Record], epoch: int) -> None:
        first = records[0]
        self.topic: str = first.topic
        self.partition: int = first.partition
        self.offset: int = first.offset
        self.timestamp = round(first.timestamp * 1000)
        self.timestamp_type = None
        self.headers: tuple[()] = ()
        self.key = None
        self.checksum = None
        self.serialized_key_size = self.serialized_value_size = 0
        self.epoch = epoch
        self.value = (epoch, records)


class _Untouched(Codec):
    def _loads(self, s: Any) -> Any:
        return s

    def _dumps(self, s: Any) -> Any:
        return s


register(UNTOUCHED, _Untouched())


class BatchThread(driver.AIOKafkaConsumerThread):
    """The thread that fetches, connected as the installation is."""

    def _create_worker_consumer(self, _transport: Any) -> Any:
        import aiokafka
        from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

        self._assignor = RoundRobinPartitionAssignor
        return aiokafka.AIOKafkaConsumer(
            **self.app.client_options,
            group_id=self.app.conf.id,
            group_instance_id=self.app.conf.consumer_group_instance_id,
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=self.app.conf.broker_max_poll_records,
            max_partition_fetch_bytes=4 << 20,
            # New records end the wait at once; a long one only makes idling cheap.
            fetch_max_wait_ms=1000,
            request_timeout_ms=int(REQUEST_S * 1000),
            session_timeout_ms=int(self.app.conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(self.app.conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(self.app.conf.broker_heartbeat_interval * 1000),
        )

    async def _fetch_records(self, consumer: Any, *given: Any, **named: Any) -> Any:
        make_ours(consumer)
        return await super()._fetch_records(consumer, *given, **named)

    async def seek_now(self, positions: Mapping[TP, int]) -> None:
        """Seek on the consumer's own loop; from any other a seek has no effect."""
        from aiokafka.structs import TopicPartition

        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        for tp, offset in positions.items():
            partition = TopicPartition(tp.topic, tp.partition)
            if partition in assigned:
                consumer.seek(partition, offset)

    async def commit_now(self, positions: Mapping[TP, int]) -> None:
        """Tell the consumer group of `positions`, on the consumer's own loop."""
        from aiokafka.structs import OffsetAndMetadata, TopicPartition

        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        offsets = {
            TopicPartition(tp.topic, tp.partition): OffsetAndMetadata(offset, "")
            for tp, offset in positions.items()
            if TopicPartition(tp.topic, tp.partition) in assigned
        }
        if offsets:
            await consumer.commit(offsets)


class BatchConsumer(driver.Consumer):
    """A consumer of whole fetches. The app's `ownership` holds states and positions."""

    epoch = 0
    _between = False

    def _new_consumer_thread(self) -> BatchThread:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    async def _getmany(self, active_partitions: Any, timeout: float) -> Any:  # noqa: ASYNC109
        fetched = await super()._getmany(active_partitions, timeout)
        return {tp: [Batch(ours(raw), self.epoch)] for tp, raw in fetched.items() if raw}

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Let go of all state before anybody else learns of the revocation."""
        self._drop()
        self._between = True
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Begin anew: what is buffered belongs to the past."""
        self._drop()
        self._between = False
        await super().on_partitions_assigned(assigned, generation_id)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek to our own positions; called on every assignment and when the flow resumes."""
        if self._between:
            return {}
        positions = await self.app.ownership.positions({TP(*tp) for tp in self.assignment()})
        held = {TP(*tp) for tp in self.assignment()}
        positions = {tp: offset for tp, offset in positions.items() if tp in held}
        await self._thread.call_thread(self._thread.seek_now, positions)
        return positions

    def check_membership(self) -> None:
        """Raise what made the group refuse us for good; Faust would wait for ever.

        Raises
        ------
        KafkaError
            As the broker answered.
        """
        consumer = self._thread and self._thread._consumer
        coordinator = consumer and consumer._coordinator
        if coordinator is not None:
            coordinator.check_errors()

    async def commit_positions(self, positions: Mapping[TP, int]) -> None:
        """Show lag tools how far the snapshots are."""
        await self._thread.call_thread(self._thread.commit_now, positions)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Do nothing: the gaps between batches are the batches' own records."""

    def _drop(self) -> None:
        self.epoch += 1
        self.app.ownership.drop()


class SilentProducer(driver.Producer):
    """Connects nowhere: outputs go through the runtime's idempotent producer."""

    async def on_start(self) -> None:
        """Open no connection."""

    async def on_stop(self) -> None:
        """Close none."""


class PromptConductor(Conductor):
    """Subscribes at once instead of waiting 45 s for more topics."""

    _resubscribe_sleep_lock_seconds = 0.5


class NoTables(TableManager):
    """Starts at once: the stock one sleeps a second so that tables can register."""

    async def on_start(self) -> None:
        """Go straight to the (empty) recovery, which is what resumes the flow."""
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()


class BatchTransport(driver.Transport):
    """What the app is given in place of the stock transport."""

    Consumer = BatchConsumer
    Producer = SilentProducer
    Conductor = PromptConductor
