"""Starts clients of the broker so that one that is given up meanwhile leaves nothing behind."""

from __future__ import annotations

import asyncio
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
    except BaseException:
        await asyncio.wait({starting}, timeout=GRACE_S)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await client.stop()
        raise
