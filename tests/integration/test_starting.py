"""A client of the broker that is given up while it starts or stops leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import warnings

import pytest

from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.log_reader import LogReader


async def _pestered(task: asyncio.Task[None], turns: int) -> None:
    """Let `task` have so many turns of the loop, then cancel it at every turn until it ends."""
    for _ in range(turns):
        await asyncio.sleep(0)
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)


@pytest.mark.parametrize("turns", [0, 1, 2, 5, 10, 20, 40, 80, 160])
async def test_a_reader_that_is_cancelled_again_and_again_is_closed(
    broker: EmbeddedBroker, turns: int
) -> None:
    async def starts_and_stops() -> None:
        async with LogReader(Connection(broker.bootstrap)):
            pass

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        task = asyncio.create_task(starts_and_stops())
        await _pestered(task, turns)
        assert task.cancelled() or task.exception() is None
        del task
        gc.collect()
        await asyncio.sleep(0)
    assert [str(each.message) for each in told] == []
    assert asyncio.all_tasks() == {asyncio.current_task()}
