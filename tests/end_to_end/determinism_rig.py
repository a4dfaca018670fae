"""One log, any number of workers, killed at random: what they say must be the same.

The log is made beforehand, its times included: the inbox keeps the stamps that it is given, and
the workers run without a ticker and without heartbeats of their own. So every run reads the same
bytes at the same offsets, and whatever differs comes from the way it was folded.
"""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from processors.runtime.ending import end_process
from processors.runtime.member import Member
from processors.runtime.worker import Worker
from processors.step import Context, Sealer
from processors.surveillance.step import Surveillance
from streams.contracts.envelope import decode_event
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Outgoing, Position, Record
from streams.contracts.telemetry import encode_tick
from streams.contracts.topics import TELEMETRY, every_topic
from streams.contracts.trust import RecordKind
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import EMBEDDED_SESSION_S, Connection
from streams.kafka.log_reader import LogReader
from tests.end_to_end.chaos_rig import Workers
from tests.end_to_end.counting import SIGNER

PARTITIONS: Final = 4
BEGIN: Final = 1_700_000_000
INTERVAL_S: Final = 10
METRICS: Final = ("cpu_usage", "memory_usage", "latency_ms", "error_rate")
Facts = dict[str, tuple[str, bytes | None, bytes]]
"""By id and topic: the topic, the key and the value."""
Stamped = tuple[int, Outgoing]
"""A record with its time in milliseconds since the epoch; its partition is given."""


def history(agents: int, rounds: int, seed: int) -> Iterator[list[Stamped]]:
    """Yield rounds of heartbeats, ticks among them; some agents go wrong, some fall silent."""
    drawn, chance = np.random.default_rng(seed), random.Random(seed)
    names = [f"agent-{number:04d}" for number in range(agents)]
    level = drawn.uniform(20.0, 60.0, (agents, len(METRICS)))
    for turn in range(rounds):
        values = np.abs(level + drawn.normal(0.0, 2.0, level.shape))
        if chance.random() < 0.1:
            values[chance.randrange(agents), chance.randrange(len(METRICS))] *= 4.0
        at = (BEGIN + turn * INTERVAL_S) * 1000
        silent = {n for n in range(agents) if (n + turn // 30) % 17 == 0}
        beats = [_beat(names[n], values[n]) for n in range(agents) if n not in silent]
        chance.shuffle(beats)
        tick = SIGNER.sign(Outgoing(TELEMETRY.name, None, encode_tick(at / 1000)), RecordKind.TICK)
        ticks = [tick._replace(partition=partition) for partition in range(PARTITIONS)]
        yield [(at + i, record) for i, record in enumerate([*ticks, *beats])]


def _beat(name: str, values: Any) -> Outgoing:
    metrics = dict(zip(METRICS, np.minimum(values, 100.0).round(3).tolist(), strict=True))
    value = msgspec.json.encode({"agent_id": name, "metrics": metrics})
    key = f"default/{name}".encode()
    return Outgoing(TELEMETRY.name, key, value, partition=partition_for(key, PARTITIONS))


def folded(log: Sequence[list[Stamped]]) -> Facts:
    """Return what a fold of `log` says, without a broker and in fetches of any size."""
    lanes: dict[int, list[Record]] = {}
    for stamp, out in (each for turn in log for each in turn):
        records = lanes.setdefault(out.partition or 0, [])
        place = (TELEMETRY.name, out.partition or 0, len(records))
        records.append(Record(*place, stamp / 1000, out.key, out.value, out.headers))
    found = Facts()
    for partition, records in lanes.items():
        step, context = Surveillance(), Context(TELEMETRY.name, partition, PARTITIONS, SIGNER)
        state, sizes, first = step.initial(context), random.Random(partition), 0
        while first < len(records):
            size = sizes.choice((1, 7, 100, 3000))
            sealed = Sealer(step.name, context).seal(
                step.apply(state, records[first : first + size])
            )
            for out in sealed:
                found[f"{decode_event(out.value).id} {out.topic}"] = (out.topic, out.key, out.value)
            first += size
    return found


def kinds(facts: Facts) -> Counter[str]:
    """Return how many facts of which type there are, each topic's copy counted."""
    return Counter(decode_event(value).type for _, _, value in facts.values())


async def prepared(bootstrap: str) -> None:
    """Make the topics; the inbox keeps the stamps that it is given, and records however old."""
    own = replace(TELEMETRY, log_append_time=False, retention_days=None)
    given = [own if topic == TELEMETRY else topic for topic in every_topic()]
    await ensure_topics(Connection(bootstrap), PARTITIONS, given)


async def write(bootstrap: str, turns: Sequence[list[Stamped]]) -> None:
    """Append to the log, in this order."""
    from aiokafka import AIOKafkaProducer

    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, max_batch_size=1 << 20
    )
    await producer.start()
    try:
        sent = [
            await producer.send(
                out.topic, out.value, out.key, partition=out.partition, timestamp_ms=stamp,
                headers=list(out.headers),
            )
            for turn in turns for stamp, out in turn
        ]  # fmt: skip
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def run(
    bootstrap: str, log: Sequence[list[Stamped]], count: int, kills: int, seed: int, logs: Path
) -> None:
    """Let `count` workers fold `log` as it grows, with so many of them killed on the way."""
    chance = random.Random(seed)
    workers = Workers(bootstrap, PARTITIONS, logs, Path(__file__))
    at = sorted(chance.sample(range(1, len(log)), kills))
    try:
        for slot in range(count):
            await workers.add(slot)
        for first, end in zip([0, *at], [*at, len(log)], strict=True):
            await write(bootstrap, log[first:end])
            if end < len(log):
                await asyncio.sleep(chance.random())  # a kill comes at any time, not at a set one
                workers.signal(chance.randrange(count), signal.SIGKILL)
        await _all_folded(bootstrap, folded(log))
    finally:
        await workers.stop()
    killed = sum(status == -signal.SIGKILL for _, status in workers.exits)
    if killed != kills:
        raise AssertionError(f"{killed} of {kills} kills struck: {workers.exits}")


async def _all_folded(bootstrap: str, expected: Facts) -> None:
    missing = set(expected)
    topics = {topic for topic, _, _ in expected.values()}
    async with asyncio.timeout(120), LogReader(Connection(bootstrap)) as reader:
        async for records in reader.read(await reader.beginning_offsets(topics)):
            missing -= {f"{decode_event(r.value).id} {r.topic}" for r in records if _ours(r)}
            if not missing:
                return


async def said(bootstrap: str) -> tuple[Facts, int]:
    """Return what surveillance wrote, and how much of it was said again in other words."""
    found, unlike = Facts(), 0
    topics = {topic.name for kind in Surveillance().writes for topic in kind.to}
    async with LogReader(Connection(bootstrap)) as reader:
        begins, ends = await reader.beginning_offsets(topics), await reader.end_offsets(topics)
        async for records in reader.read(begins, ends):
            for record in filter(_ours, records):
                event = decode_event(record.value)
                what = (record.topic, record.key, record.value or b"")
                unlike += found.setdefault(f"{event.id} {record.topic}", what) != what
    return found, unlike


def _ours(record: Record) -> bool:
    if SIGNER.kind_of(record) is not RecordKind.EVENT:
        return False
    event = decode_event(record.value)
    return bool(event.position) and Position.parse(event.position).topic == TELEMETRY.name


class Silent(Worker):
    """A worker that does not report on itself: the log stays as it was made."""

    async def start(self) -> None:
        """Begin, but for the heartbeat."""
        self._vitals.run = asyncio.Event().wait  # type: ignore[method-assign,assignment]
        await super().start()


async def _work(bootstrap: str, slot: int, partitions: int) -> None:
    connection, stop = Connection(bootstrap, session_s=EMBEDDED_SESSION_S), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    steps = [Surveillance()]
    member = Member(slot, partitions, "determinism")
    worker = Silent(connection, steps, SIGNER, member, end_process)
    await worker.start()
    await worker.until(stop)
    await worker.stop()


if __name__ == "__main__":
    logging.basicConfig(level="WARNING", format="%(asctime)s %(name)s %(levelname)s %(message)s")
    asyncio.run(_work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
