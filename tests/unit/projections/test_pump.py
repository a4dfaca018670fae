from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from projections.pump import pump
from streams.contracts.record import Record


def record(topic: str, offset: int, value: bytes = b"") -> Record:
    return Record(topic, 0, offset, 0.0, None, value)


async def test_a_fact_is_written_at_once_with_what_waited_and_order_is_kept() -> None:
    written: list[list[int]] = []
    stop = asyncio.Event()
    more = asyncio.Event()

    async def batches() -> AsyncIterator[list[Record]]:
        yield [record("telemetry", 0)]
        yield [record("telemetry", 1)]
        yield [record("findings", 2)]
        await more.wait()

    async def write(records: list[Record]) -> None:
        written.append([one.offset for one in records])
        if records[-1].offset == 2:
            stop.set()

    await asyncio.wait_for(pump(batches(), write, stop), 120)
    assert [offset for batch in written for offset in batch] == [0, 1, 2]


async def test_heartbeats_alone_are_written_without_anything_following() -> None:
    stop = asyncio.Event()
    never = asyncio.Event()
    written: list[int] = []

    async def batches() -> AsyncIterator[list[Record]]:
        yield [record("telemetry", 0)]
        yield [record("telemetry", 1)]
        await never.wait()

    async def write(records: list[Record]) -> None:
        written.extend(one.offset for one in records)
        if len(written) == 2:
            stop.set()

    await asyncio.wait_for(pump(batches(), write, stop), 120)
    assert written == [0, 1]


async def test_a_failure_of_the_log_is_not_swallowed() -> None:
    async def batches() -> AsyncIterator[list[Record]]:
        yield [record("findings", 0)]
        raise OSError("the log is away")

    async def write(records: list[Record]) -> None:
        assert records

    with pytest.raises(OSError, match="the log is away"):
        await pump(batches(), write, asyncio.Event())


async def test_records_are_taken_while_others_are_written() -> None:
    written: list[int] = []
    stop, taken = asyncio.Event(), asyncio.Event()

    async def batches() -> AsyncIterator[list[Record]]:
        yield [record("findings", 0)]
        yield [record("telemetry", 1)]
        yield [record("telemetry", 2)]
        taken.set()
        await asyncio.Event().wait()

    async def write(records: list[Record]) -> None:
        if not written:
            await taken.wait()  # which never comes where reading waits for writing
        written.extend(one.offset for one in records)
        if written[-1] == 2:
            stop.set()

    await asyncio.wait_for(pump(batches(), write, stop), 120)
    assert written == [0, 1, 2]


@pytest.mark.parametrize("bound", ["MOST", "MOST_BYTES"])
async def test_reading_pauses_where_the_writer_is_far_behind(
    monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(f"projections.pump.{bound}", 5)
    stop, free = asyncio.Event(), asyncio.Event()
    given = 0
    sizes: list[int] = []

    async def batches() -> AsyncIterator[list[Record]]:
        nonlocal given
        for offset in range(100):
            given += 1
            yield [record("findings", offset, b"1")]
        stop.set()

    async def write(records: list[Record]) -> None:
        sizes.append(len(records))
        if not free.is_set():
            for _ in range(100):
                await asyncio.sleep(0)
            assert given <= 7  # one is written, five wait, and one more is asked for
            free.set()

    await asyncio.wait_for(pump(batches(), write, stop), 120)
    assert sum(sizes) == 100
    assert max(sizes) <= 6


async def test_a_failure_of_the_writer_is_not_swallowed() -> None:
    async def batches() -> AsyncIterator[list[Record]]:
        yield [record("findings", 0)]
        await asyncio.Event().wait()

    async def write(_records: list[Record]) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        await asyncio.wait_for(pump(batches(), write, asyncio.Event()), 120)
