"""In which order services are stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from graphlib import TopologicalSorter

from processors.executors.services.managed import ManagedService


async def stop_all(services: Sequence[ManagedService]) -> None:
    """Stop each service once all that depend on it are stopped; side by side otherwise."""
    stopping: dict[str, asyncio.Task[None]] = {}
    for managed in stop_order(services):
        dependents = [
            stopping[each.name] for each in services if managed.name in each.service.depends_on
        ]
        stopping[managed.name] = asyncio.create_task(_stop_after(dependents, managed))
    await asyncio.gather(*stopping.values())


async def _stop_after(dependents: Sequence[asyncio.Task[None]], managed: ManagedService) -> None:
    if dependents:
        await asyncio.wait(dependents)
    await managed.stop()


def stop_order(services: Sequence[ManagedService]) -> list[ManagedService]:
    """Return the services so that each is stopped before what it depends on."""
    by_name = {managed.name: managed for managed in services}
    graph = {managed.name: managed.service.depends_on for managed in services}
    order = reversed(list(TopologicalSorter(graph).static_order()))
    return [by_name[name] for name in order if name in by_name]
