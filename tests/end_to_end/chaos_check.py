"""Compare what the workers wrote with a fold of the whole inbox from zero."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from processors.runtime.snapshot_format import Assembly
from processors.step import Context, Sealer
from streams.contracts.envelope import decode_event
from streams.contracts.record import Position, Record
from streams.contracts.telemetry import decode_heartbeat
from streams.contracts.topics import FLEET, TELEMETRY, snapshots_of
from streams.contracts.trust import RecordKind
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader
from tests.end_to_end.counting import SIGNER, Counting

Facts = dict[str, bytes]


async def read_all(connection: Connection, topic: str) -> dict[int, list[Record]]:
    """Return every record of `topic`, by partition."""
    found: dict[int, list[Record]] = {}
    async with LogReader(connection) as reader:
        starts = await reader.beginning_offsets([topic])
        async for records in reader.read(starts, await reader.end_offsets([topic])):
            found.setdefault(records[0].partition, []).extend(records)
    return found


def heartbeats(inbox: Mapping[int, list[Record]]) -> set[tuple[str, int]]:
    """Return agent and sequence of every plain heartbeat of the load."""
    plain = [r for records in inbox.values() for r in records if SIGNER.kind_of(r) is None]
    opened = [decode_heartbeat(record.value) for record in plain]
    return {(heartbeat.key, heartbeat.sequence or 0) for heartbeat in opened}


def expected(inbox: Mapping[int, list[Record]], partitions: int) -> Facts:
    """Return the facts that a fold from zero gives, by id."""
    facts: Facts = {}
    for partition, records in inbox.items():
        context = Context(TELEMETRY.name, partition, partitions, SIGNER)
        step = Counting()
        sealed = Sealer(step.name, context).seal(step.apply(step.initial(context), records))
        for out in sealed:
            if out.topic == FLEET.name:
                facts[decode_event(out.value).id] = out.value
    return facts


async def drained(connection: Connection, facts: Facts, patience_s: float) -> None:
    """Wait until every one of `facts` was written."""
    missing = set(facts)
    async with asyncio.timeout(patience_s), LogReader(connection) as reader:
        async for records in reader.read(await reader.beginning_offsets([FLEET.name])):
            missing -= {decode_event(record.value).id for record in records}
            if not missing:
                return


def read_once(
    fleet: Mapping[int, list[Record]], facts: Facts, ends: Mapping[int, int]
) -> dict[str, int]:
    """Read the facts as any reader does, dropping what a high-water mark has seen; count faults.

    What follows from records behind `ends` is passed over: workers report of themselves until they
    are stopped, and nobody waits for what is made of that.
    """
    marks: dict[tuple[str, int], tuple[int, int]] = {}
    seen: Facts = {}
    faults = {"duplicates_dropped": 0, "foreign": 0, "out_of_order": 0}
    last: dict[str, int] = {}
    for record in (r for records in fleet.values() for r in records):
        event = decode_event(record.value)
        at = Position.parse(event.position)
        if at.offset >= ends.get(at.partition, 0):
            continue
        if facts.get(event.id) != record.value:
            faults["foreign"] += 1
        mark = (at.offset, at.ordinal)
        if mark <= marks.get((event.source, at.partition), (-1, -1)):
            faults["duplicates_dropped"] += 1
            continue
        marks[event.source, at.partition] = mark
        seen[event.id] = record.value or b""
        count = int(event.data["labels"]["count"])
        faults["out_of_order"] += count != last.get(event.subject, 0) + 1
        last[event.subject] = count
    return faults | {"missing": len(facts.keys() - seen.keys())}


def wrong_snapshots(
    inbox: Mapping[int, list[Record]], stored: Mapping[int, list[Record]], partitions: int
) -> tuple[int, int]:
    """Return how many snapshots there are, and how many differ from a fold up to their position."""
    total, wrong, ends = 0, 0, ends_of(inbox)
    for partition, records in stored.items():
        for record in records:
            assembly = Assembly(SIGNER)
            assembly.add([record])
            snapshot = assembly.best(Counting().name, 1)
            if snapshot is None:
                raise AssertionError("a snapshot of the test fits one record")
            if snapshot.label.position > ends.get(partition, 0):
                continue
            total += 1
            wrong += snapshot.data != _fold(inbox[partition], snapshot.label.position, partitions)
    return total, wrong


def _fold(records: list[Record], end: int, partitions: int) -> bytes:
    step = Counting()
    context = Context(TELEMETRY.name, records[0].partition, partitions, SIGNER)
    state = step.initial(context)
    step.apply(state, [record for record in records if record.offset < end])
    return step.dump(state)


def ends_of(inbox: Mapping[int, list[Record]]) -> dict[int, int]:
    """Return the offset behind the last record of each partition."""
    return {partition: records[-1].offset + 1 for partition, records in inbox.items()}


async def verdict(
    connection: Connection,
    inbox: Mapping[int, list[Record]],
    acknowledged: set[tuple[str, int]],
    partitions: int,
) -> dict[str, Any]:
    """Return the whole comparison as numbers; everything but the totals must be zero.

    Parameters
    ----------
    inbox : mapping of int to list of Record
        What `drained` has waited for.
    """
    facts = expected(inbox, partitions)
    fleet = await read_all(connection, FLEET.name)
    stored = await read_all(connection, snapshots_of(TELEMETRY).name)
    snapshots, wrong = wrong_snapshots(inbox, stored, partitions)
    ticks = [r for rs in inbox.values() for r in rs if SIGNER.kind_of(r) is RecordKind.TICK]
    return {
        "acknowledged": len(acknowledged),
        "lost": len(acknowledged - heartbeats(inbox)),
        "facts": len(facts),
        "snapshots": snapshots,
        "wrong_snapshots": wrong,
        "ticks": len(ticks),
        **read_once(fleet, facts, ends_of(inbox)),
    }
