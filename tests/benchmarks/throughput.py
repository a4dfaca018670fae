"""Records per second and CPU of four ways to read the same topic, each in its own process.

``python -m tests.benchmarks.throughput [--records 1000000] [--ten] [--one-core]``

* ``aiokafka``: a bare loop that decodes every value with msgspec;
* ``faust``: stock Faust, one event at a time, values decoded with msgspec, on a tenth of the
  records (its figures are rates, so they compare);
* ``empty step``: the runtime with a step that is handed all records and counts them; it does not
  decode. ``decoding step`` decodes each as the bare loop does;
* ``surveillance``: the runtime with the whole hot step, its outputs and snapshots.

Time is measured from the first record to the last, so it holds no start-up. ``--ten`` gives each
heartbeat ten metrics, which is what the whole step is to be measured with. There the first
heartbeat of each agent goes before the others and has a row of its own: it registers the agent.
What that costs is paid for some time after it, in events and in a first snapshot of everything; so
there are three million heartbeats, unless you say otherwise. ``--one-core`` keeps each contender to
one core, and leaves the broker the others: two threads that pass records from core to core pay for
that, and a contender of two threads has more than one core elsewhere.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from processors.step import Context, Emission
from streams.contracts.record import Record
from streams.contracts.telemetry import Heartbeat
from streams.contracts.topics import TELEMETRY
from streams.contracts.trust import Signer
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from tests.benchmarks import heartbeats
from tests.ports import free_port

PARTITIONS = 4
SIGNER = Signer(b"a secret for benchmarks")
_decode = msgspec.json.Decoder(Heartbeat).decode


class Meter:
    """Measures from the first record to the last, and what lies before `first` by itself."""

    def __init__(self, goal: int, first: int = 0) -> None:
        self._stages = [first, goal] if first else [goal]
        self._count = 0
        self._figures: list[tuple[float, float, float]] = []

    def add(self, count: int) -> None:
        if not self._count:
            self._begin()
        self._count += count
        if self._count >= self._stages[len(self._figures)]:
            self._figures.append(self._measured())
            if len(self._figures) == len(self._stages):
                os.write(1, json.dumps(self._figures).encode())
                os._exit(0)
            self._begin()

    def _begin(self) -> None:
        self._from, self._began, self._cpu = self._count, time.perf_counter(), _cpu_s()

    def _measured(self) -> tuple[float, float, float]:
        took, cpu = time.perf_counter() - self._began, _cpu_s() - self._cpu
        count = self._count - self._from
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return count / took, cpu / count * 1e6, memory


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Counting:
    """A step that is handed every record, and counts; decodes it where told to."""

    version = 1
    inbox = TELEMETRY
    writes = ()

    def __init__(self, meter: Meter, *, decode: bool) -> None:
        self._meter = meter
        self._decodes = decode
        # A name of its own: a snapshot of the other kind would spare it the work.
        self.name = "decoding" if decode else "empty"

    def initial(self, context: Context) -> list[int]:
        return [0]

    def apply(self, state: list[int], records: Sequence[Record]) -> list[Emission]:
        if self._decodes:
            for record in records:
                _decode(record.value or b"")
        state[0] += len(records)
        self._meter.add(len(records))
        return []

    def dump(self, state: list[int]) -> bytes:
        return str(state[0]).encode()

    def load(self, context: Context, data: bytes) -> list[int]:
        return [int(data)]

    def next_due(self, state: list[int]) -> float | None:
        return None


class Metered:
    """A step of the topology, with the meter beside it."""

    def __init__(self, step: Any, meter: Meter) -> None:
        self._step = step
        self._meter = meter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._step, name)

    def apply(self, state: Any, records: Sequence[Record]) -> list[Emission]:
        emissions: list[Emission] = self._step.apply(state, records)
        self._meter.add(len(records))
        return emissions


async def bare(bootstrap: str, meter: Meter) -> None:
    """Read with aiokafka alone."""
    from aiokafka import AIOKafkaConsumer

    consumer = AIOKafkaConsumer(
        TELEMETRY.name,
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 << 20,
    )
    await consumer.start()
    while True:
        for records in (await consumer.getmany(timeout_ms=1000, max_records=4000)).values():
            for record in records:
                _decode(record.value)
            meter.add(len(records))


async def stock(bootstrap: str, meter: Meter) -> None:
    """Read with Faust as it comes, one event at a time."""
    import faust

    with tempfile.TemporaryDirectory() as data:
        app = faust.App(
            "stock", broker=f"kafka://{bootstrap}", store="memory://", datadir=data,
            web_enabled=False, topic_disable_leader=True, topic_allow_declare=False,
            consumer_auto_offset_reset="earliest", broker_max_poll_records=4000, loghandlers=[],
        )  # fmt: skip

        async def agent(stream: Any) -> None:
            async for value in stream:
                _decode(value)
                meter.add(1)

        app.agent(app.topic(TELEMETRY.name, value_serializer="raw"))(agent)
        await app.start()
        await asyncio.Event().wait()


async def ours(bootstrap: str, meter: Meter, kind: str) -> None:
    """Read with the runtime."""
    from processors.runtime.member import Member
    from processors.runtime.worker import run_worker

    step: Any = Counting(meter, decode=kind == "decoding step")
    if kind == "surveillance":
        from processors.surveillance.step import Surveillance

        step = Metered(Surveillance(), meter)
    await run_worker(
        Connection(bootstrap), [step], SIGNER,
        Member(0, PARTITIONS, kind.replace(" ", "-")), ticker=False,
    )  # fmt: skip


async def fill(bootstrap: str, records: int, agents: int) -> int:
    """Write the heartbeats; return the mean size of one."""
    from aiokafka import AIOKafkaProducer

    from streams.contracts.partitioning import partition_for

    keys = [f"default/agent-{i:06d}".encode() for i in range(agents)]
    homes = [partition_for(key, PARTITIONS) for key in keys]
    size = 0
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=1 << 20)
    await producer.start()
    batches = [producer.create_batch() for _ in range(PARTITIONS)]
    for i in range(records):
        agent = i % agents
        home, value = homes[agent], _heartbeat(agent, i)
        size += len(value)
        if batches[home].append(key=keys[agent], value=value, timestamp=None) is None:
            await producer.send_batch(batches[home], TELEMETRY.name, partition=home)
            batches[home] = producer.create_batch()
            batches[home].append(key=keys[agent], value=value, timestamp=None)
    for home, batch in enumerate(batches):
        await producer.send_batch(batch, TELEMETRY.name, partition=home)
    await producer.stop()
    return size // records


def _heartbeat(agent: int, i: int) -> bytes:
    return (
        b'{"agent_id":"agent-%06d","sequence":%d,"status":"active","agent_type":"service",'
        b'"metrics":{"cpu_usage":%d.%d,"memory_usage":%d.5,"latency_ms":%d.25,"error_rate":0.0%d},'
        b'"labels":{"host":"host-%04d","version":"2026.11.1","group":"checkout","region":"eu-1",'
        b'"team":"payments-platform","image":"registry/checkout:2026.11.1"}}'
    ) % (agent, i, 20 + i % 50, i % 10, 30 + i % 40, 10 + i % 90, i % 9, agent % 1000)


KINDS = ("aiokafka", "faust", "empty step", "decoding step", "surveillance")


Figures = tuple[float, float, float]


def measure(kind: str, bootstrap: str, records: int, first: int, core: int | None) -> list[Figures]:
    """Run one contender in its own process."""
    goal = records // 10 if kind == "faust" else records
    command = [sys.executable, "-m", "tests.benchmarks.throughput", "--contender", kind]
    command += ["--bootstrap", bootstrap, "--records", str(goal + first), "--first", str(first)]
    command += [] if core is None else ["--core", str(core)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=600)
    figures: list[Figures] = json.loads(done.stdout)
    return figures


async def compare(
    records: int, agents: int, kinds: Sequence[str], *, ten: bool, core: int | None
) -> None:
    """Fill a topic once, run every contender on it, and print the table."""
    with tempfile.TemporaryDirectory(prefix="homeostat-throughput-") as folder:
        broker = EmbeddedBroker(Path(folder), free_port())
        await broker.start()
        try:
            await ensure_topics(Connection(broker.bootstrap), PARTITIONS)
            if ten:
                await heartbeats.fill(broker.bootstrap, agents + records, agents)
                print(f"{records:,} heartbeats of ten metrics from {agents:,} agents")
            else:
                size = await fill(broker.bootstrap, records, agents)
                print(f"{records:,} heartbeats of {size} bytes from {agents:,} agents")
            first = agents if ten else 0
            print(f"{'':26}{'records/s':>12}{'CPU s per million':>20}{'memory MB':>12}")
            for kind in kinds:
                rows = await asyncio.to_thread(
                    measure, kind, broker.bootstrap, records, first, core
                )
                names = [f"{kind}, new agents", kind] if first else [kind]
                for name, figures in zip(names, rows, strict=True):
                    print(f"{name:26}{figures[0]:12,.0f}{figures[1]:20.1f}{figures[2]:12.0f}")
        finally:
            await broker.stop()


def _leave_a_core() -> int:
    """Return a core that neither this process nor the broker that it starts will use."""
    cores = os.sched_getaffinity(0)
    left = max(cores)
    os.sched_setaffinity(0, cores - {left} or cores)
    return left


def main() -> None:
    """Compare, or be one contender."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int)
    parser.add_argument("--agents", type=int, default=100_000)
    parser.add_argument("--ten", action="store_true", help="ten metrics in each heartbeat")
    parser.add_argument("--one-core", action="store_true", help="for each contender")
    parser.add_argument("--only", nargs="*", choices=KINDS, default=KINDS)
    parser.add_argument("--contender", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--core", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--bootstrap", help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    o = parser.parse_args()
    records = o.records or (3_000_000 if o.ten else 1_000_000)
    if o.core is not None:
        os.sched_setaffinity(0, {o.core})
    meter = Meter(records, o.first)
    if o.contender is None:
        core = _leave_a_core() if o.one_core else None
        asyncio.run(compare(records, o.agents, o.only, ten=o.ten, core=core))
    elif o.contender == "aiokafka":
        asyncio.run(bare(o.bootstrap, meter))
    elif o.contender == "faust":
        asyncio.run(stock(o.bootstrap, meter))
    else:
        asyncio.run(ours(o.bootstrap, meter, o.contender))


if __name__ == "__main__":
    main()
