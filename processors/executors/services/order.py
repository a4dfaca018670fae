"""In which order services are stopped."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter

from processors.executors.services.managed import ManagedService


def stop_order(services: Sequence[ManagedService]) -> list[ManagedService]:
    """Return the services so that each is stopped before what it depends on."""
    by_name = {managed.name: managed for managed in services}
    graph = {managed.name: managed.service.depends_on for managed in services}
    return [by_name[name] for name in reversed(list(TopologicalSorter(graph).static_order()))]
