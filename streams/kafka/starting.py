"""Starts and stops clients of the broker so that one that is given up leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

GRACE_S: Final = 2.0
"""How long one that is given up may take to come up, before it is cut off."""


async def started(client: Any) -> None:
    """Start `client`; where that fails or is cancelled, stop it and raise.

    A start that is cut off leaves a connection that no stop finds: it is only known to the client
    once it is open. So a cancelled one is let through to its end first.
    """
    starting = asyncio.ensure_future(client.start())
    try:
        await asyncio.shield(starting)
        # Its tasks must have run once: one cancelled before that ends `stop` as cancelled too.
        await asyncio.sleep(0)
    except BaseException:
        await _undisturbed(_given_up(client, starting))
        raise


async def stopped(consumer: Any) -> None:
    """Stop `consumer`; what is cancelled meanwhile is so when that is done."""
    await _undisturbed(_stopped(consumer))


async def _undisturbed(work: Coroutine[Any, Any, None]) -> None:
    """Do `work` to its end, however often the caller is cancelled meanwhile; raise that then.

    What serves a request is cancelled again and again until it ends, also while it tidies up.
    """
    doing = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not doing.done():
        try:
            await asyncio.wait({doing})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None and (doing.cancelled() or doing.exception() is None):
        raise cancelled
    doing.result()


async def _given_up(client: Any, starting: asyncio.Future[Any]) -> None:
    await asyncio.wait({starting}, timeout=GRACE_S)
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await client.stop()


async def _stopped(consumer: Any) -> None:
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait({stopping})
    if not stopping.cancelled():
        stopping.result()
        return
    # A fetch that was waiting to try again ends the client's stop as cancelled, half-way.
    for fetch in consumer._fetcher._pending_tasks:
        fetch.cancel()
    await consumer._client.close()
