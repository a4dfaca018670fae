"""Tells when a broker is ready: by its own protocol, not by time."""

from __future__ import annotations

import asyncio
from typing import Final

_AGAIN_S: Final = 0.02


async def answers(bootstrap: str) -> None:
    """Return when the broker answers ApiVersions and Metadata with itself as a live broker."""
    from aiokafka.client import AIOKafkaClient
    from aiokafka.errors import KafkaError

    await _accepts(bootstrap)
    while True:
        client = AIOKafkaClient(bootstrap_servers=bootstrap)
        try:
            await client.bootstrap()
            if client.cluster.brokers():
                return
        except KafkaError:
            pass  # accepts, but is not registered with its controller yet
        finally:
            await client.close()
        await asyncio.sleep(_AGAIN_S)


async def _accepts(bootstrap: str) -> None:
    host, _, port = bootstrap.rpartition(":")
    while True:
        try:
            _, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            await asyncio.sleep(_AGAIN_S)
            continue
        writer.close()
        await writer.wait_closed()
        return
