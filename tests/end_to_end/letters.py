"""Sends raw records and finds what became of them among the dead letters."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaProducer

from streams.contracts.envelope import decode_event
from streams.contracts.record import Outgoing
from streams.contracts.topics import DEAD_LETTERS
from tests.end_to_end.harness import PATIENCE_S, Installation, read_all


class Place(NamedTuple):
    """Where a record lies."""

    topic: str
    partition: int
    offset: int


async def send_raw(homeostat: Installation, records: Sequence[Outgoing]) -> list[Place]:
    """Write `records` as they are with a client that knows nothing of us; return their places."""
    async with AIOKafkaProducer(
        bootstrap_servers=homeostat.connection.bootstrap, max_request_size=4 << 20
    ) as producer:
        waits = [
            await producer.send(
                record.topic,
                record.value,
                key=record.key,
                partition=record.partition,
                headers=list(record.headers),
            )
            for record in records
        ]
        found = await asyncio.gather(*waits)
    return [Place(sent.topic, sent.partition, sent.offset) for sent in found]


async def letters(homeostat: Installation) -> list[tuple[Place, str]]:
    """Return where every dead letter's record lies, and its reason."""
    events = [
        decode_event(r.value) for r in await read_all(homeostat.connection, [DEAD_LETTERS.name])
    ]
    # What else lies there (a letter that was discarded, a change of version) is about records.
    data = [event.data for event in events if event.type == "record.dead_lettered"]
    return [(Place(d["topic"], d["partition"], d["offset"]), d["reason"]) for d in data]


async def reasons_of(homeostat: Installation, places: Sequence[Place]) -> dict[Place, str]:
    """Wait until every place has its letter; insist that each has one, and return the reasons."""
    deadline = time.monotonic() + PATIENCE_S
    wanted = set(places)
    while missing := wanted - {place for place, _ in await letters(homeostat)}:
        if time.monotonic() > deadline:
            raise AssertionError(f"{len(missing)} have no dead letter, such as {min(missing)}")
        await asyncio.sleep(0.1)
    found = [(place, reason) for place, reason in await letters(homeostat) if place in wanted]
    twice = [place for place, count in Counter(p for p, _ in found).items() if count > 1]
    assert not twice, f"lettered more than once: {twice[:5]}"
    return dict(found)
