"""What was recorded is what the code decides; a change of one byte is found and named."""

from __future__ import annotations

from typing import Any

import pytest

from processors.decision.step import decision
from processors.governor.step import governor
from processors.runtime.snapshot_format import Label, Snapshot, encode
from processors.step import Context, Sealer, Step
from projections.replay.verify import verify
from streams.contracts.events.system import RecordSkipped
from streams.contracts.record import Outgoing
from streams.contracts.telemetry import encode_tick
from streams.contracts.topics import every_topic, snapshots_of
from streams.contracts.trust import RecordKind
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.log_reader import LogReader
from streams.kafka.publisher import Publisher
from tests.integration.expiring import expire
from tests.integration.log_of_facts import PARTITIONS, SIGNER, T0, Fact, ended, raised, sealed

ROUNDS = 4


class Worker:
    """Folds the inboxes of steps as the runtime does, round by round."""

    def __init__(self, reader: LogReader, publisher: Publisher, steps: list[Step[Any]]) -> None:
        self.reader = reader
        self.publisher = publisher
        self.steps = steps
        self.states: dict[Any, Any] = {}
        self.written: list[Outgoing] = []
        self.drop: set[int] = set()

    async def round(self) -> None:
        for step in self.steps:
            ends = await self.reader.end_offsets([step.inbox.name])
            for place, end in ends.items():
                context = Context(*place, len(ends), SIGNER)
                state, begin = self.states.get((step.name, place), (step.initial(context), 0))
                async for batch in self.reader.read({place: begin}, {place: end}):
                    await self.write(Sealer(step.name, context).seal(step.apply(state, batch)))
                self.states[step.name, place] = (state, end)

    async def write(self, records: list[Outgoing]) -> None:
        first = len(self.written)
        self.written += records
        await self.publisher.publish(
            [r for n, r in enumerate(records, first) if n not in self.drop]
        )


def down(n: int) -> Fact:
    fact = raised(f"agent-{n}", f"f{n}", T0 + n)
    labels = {"host": "h1", "managed": "true"}
    data = type(fact.data)(
        **{
            **{name: getattr(fact.data, name) for name in fact.data.__struct_fields__},
            "agent_type": "service",
            "labels": labels,
        }
    )
    return fact._replace(data=data)


async def history(connection: Connection, worker: Worker) -> None:
    """Let services die and come back, with ticks between."""
    await ensure_topics(connection, PARTITIONS)
    facts = [(n, down(n)) for n in range(6)]
    facts += [(20 + n, ended(f"agent-{n}", f"f{n}", T0 + 30 + n)) for n in range(3)]
    await worker.publisher.publish(sealed("surveillance", "telemetry", 0, facts))
    for number in range(ROUNDS):
        await worker.round()
        for topic in ("decisions", "governance"):
            at = encode_tick(T0 + 40 + 100 * number)
            await worker.publisher.broadcast(topic, at, SIGNER, RecordKind.TICK)
    await worker.round()


async def ends(reader: LogReader) -> dict[Any, int]:
    return await reader.end_offsets([topic.name for topic in every_topic()])


@pytest.fixture
def connection(empty_broker: EmbeddedBroker) -> Connection:
    """Give the connection to an empty log."""
    return Connection(empty_broker.bootstrap)


def steps() -> list[Step[Any]]:
    return [decision(), governor()]


async def test_the_record_is_what_the_code_decides_and_nothing_is_written(
    connection: Connection,
) -> None:
    async with LogReader(connection) as reader, Publisher(connection) as publisher:
        worker = Worker(reader, publisher, steps())
        await history(connection, worker)
        before = await ends(reader)
        found = await verify(connection, SIGNER, steps(), fetch_sizes=(1, 7, 0))
        assert found.equal, found.summary()
        assert (found.pending, found.given, found.unverified) == (0, 0, [])
        assert found.compared >= 3 * 6
        assert await ends(reader) == before


async def test_records_written_again_after_a_crash_are_equal(connection: Connection) -> None:
    async with LogReader(connection) as reader, Publisher(connection) as publisher:
        worker = Worker(reader, publisher, steps())
        await history(connection, worker)
        to_facts = [record for record in worker.written if record.topic == "actions"]
        await publisher.publish(to_facts)
        assert (await verify(connection, SIGNER, steps())).equal


async def test_a_missing_record_is_found(connection: Connection) -> None:
    async with LogReader(connection) as reader, Publisher(connection) as publisher:
        worker = Worker(reader, publisher, steps())
        worker.drop = {0}
        await history(connection, worker)
        found = await verify(connection, SIGNER, steps())
    assert found.counts["missing"] >= 1
    assert not found.equal
    assert worker.written[0].topic in found.summary()


async def test_what_has_expired_is_not_missed_but_given(connection: Connection) -> None:
    async with LogReader(connection) as reader, Publisher(connection) as publisher:
        await history(connection, Worker(reader, publisher, steps()))
        ends = await reader.end_offsets(["actions"])
        halves = {place: end // 2 for place, end in ends.items()}
        await expire(connection, halves)
        found = await verify(connection, SIGNER, steps())
    assert found.equal, found.summary()
    assert found.given == sum(halves.values()) > 0
    gone = [place for place, first in halves.items() if first]
    assert all(f"actions/{p.partition} before {halves[p]}" in found.summary() for p in gone)


async def test_a_changed_decision_is_found_and_named(connection: Connection) -> None:
    async with LogReader(connection) as reader, Publisher(connection) as publisher:
        worker = Worker(reader, publisher, steps())
        await history(connection, worker)
        victim = next(r for r in worker.written if b'"action.proposed"' in r.value)
        changed = victim.value.replace(b'"attempt":1', b'"attempt":9')
        assert changed != victim.value
        again = SIGNER.sign(victim._replace(value=changed, headers=()))
        await publisher.publish([again])
        found = await verify(connection, SIGNER, steps())
    assert found.counts == {"different": 1}
    assert "data.attempt: 1 recorded, 9 folded" in found.problems[0]


async def test_a_surplus_record_is_found(connection: Connection) -> None:
    async with LogReader(connection) as reader, Publisher(connection) as publisher:
        worker = Worker(reader, publisher, steps())
        await history(connection, worker)
        invented = sealed("governor", "governance", 0, [(0, ended("agent-1", "invented", T0))])
        await publisher.publish([record for record in invented if record.topic == "findings"])
        found = await verify(connection, SIGNER, steps())
    assert found.counts == {"surplus": 1}
    assert "governance/0/0/0" in found.problems[0]


async def test_what_is_not_written_yet_is_pending(connection: Connection) -> None:
    async with LogReader(connection) as reader, Publisher(connection) as publisher:
        worker = Worker(reader, publisher, steps())
        await history(connection, worker)
        later = sealed("surveillance", "telemetry", 0, [(99, down(50))])
        await publisher.publish([r for r in later if r.topic == "decisions"])
        found = await verify(connection, SIGNER, steps())
    assert found.equal, found.summary()
    assert found.pending >= 1


async def test_a_recorded_skip_is_honoured(connection: Connection) -> None:
    async with LogReader(connection) as reader, Publisher(connection) as publisher:
        worker = Worker(reader, publisher, steps())
        await history(connection, worker)
        poison = sealed("surveillance", "telemetry", 0, [(99, down(60))])
        poison = [record for record in poison if record.topic == "decisions"]
        before = await reader.end_offsets(["decisions"])
        await publisher.publish(poison)
        after = await reader.end_offsets(["decisions"])
        place = next(place for place in after if after[place] > before[place])
        skip = RecordSkipped("decision", *place, before[place], "poison", "was passed over")
        fact = Fact("default/decisions", skip, T0)
        await publisher.publish(sealed("decision", *place, [(before[place], fact)]))
        found = await verify(connection, SIGNER, steps())
    assert found.equal, found.summary()
    assert (found.skipped, found.pending) == (1, 0)


async def snapshot(publisher: Publisher, worker: Worker, name: str, cut_over: str = "") -> None:
    """Write the snapshots that the runtime would write of every partition of a step's inbox."""
    for (step_name, place), (state, position) in worker.states.items():
        step = next(step for step in worker.steps if step.name == step_name)
        if step_name == name:
            label = Label(name, step.version, position, "a test", 0, cut_over=cut_over)
            snap = Snapshot(label, step.dump(state))
            topic = snapshots_of(step.inbox).name
            await publisher.publish(encode(snap, topic, place.partition, SIGNER))


async def test_what_a_snapshot_says_is_settled_is_missing_and_not_pending(
    connection: Connection,
) -> None:
    async with LogReader(connection) as reader, Publisher(connection) as publisher:
        worker = Worker(reader, publisher, [decision()])
        await ensure_topics(connection, PARTITIONS)
        await publisher.publish(sealed("surveillance", "telemetry", 0, [(0, down(1))]))
        worker.drop = set(range(100))
        await worker.round()
        pending = await verify(connection, SIGNER, [decision()])
        await snapshot(publisher, worker, "decision")
        missing = await verify(connection, SIGNER, [decision()])
    assert (pending.equal, pending.pending) == (True, len(worker.written))
    assert missing.counts == {"missing": len(worker.written)}


async def test_what_an_earlier_version_decided_is_given(connection: Connection) -> None:
    async with LogReader(connection) as reader, Publisher(connection) as publisher:
        worker = Worker(reader, publisher, steps())
        await history(connection, worker)
        dropped = next(r for r in worker.written if b'"action.proposed"' in r.value)
        other = dropped.value.replace(b'"attempt":1', b'"attempt":9')
        await publisher.publish([SIGNER.sign(dropped._replace(value=other, headers=()))])
        last = max(position for _, position in worker.states.values())
        await snapshot(publisher, worker, "decision", cut_over=f"0@{last}")
        found = await verify(connection, SIGNER, steps())
    assert found.equal, found.summary()
    assert found.given > 0
