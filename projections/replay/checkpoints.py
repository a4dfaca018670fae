"""The snapshots of the steps, as a verification uses them: how far, since when, and from where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from processors.runtime.snapshot_format import Assembly
from processors.step import Step
from streams.contracts.topics import snapshots_of
from streams.contracts.trust import Signer
from streams.kafka.log_reader import LogReader, Place


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last snapshot of one partition of a step's inbox.

    Parameters
    ----------
    position : int
        The next offset to fold; everything that follows from those before it is written.
    since : int
        The offset from which this version of the step decides; before it, an earlier one did.
    data : bytes
        The state at `position`.
    """

    position: int = 0
    since: int = 0
    data: bytes = b""


async def checkpoints(
    reader: LogReader, signer: Signer, steps: Sequence[Step[Any]]
) -> Mapping[tuple[str, Place], Checkpoint]:
    """Return the last snapshot, by the step's name and the place in its inbox."""
    stores = {snapshots_of(step.inbox).name: step for step in steps}
    begins = await reader.beginning_offsets(stores)
    found = {store: Assembly(signer) for store in begins}
    async for batch in reader.read(begins, await reader.end_offsets(stores)):
        found[Place(batch[0].topic, batch[0].partition)].add(batch)
    return {
        (step.name, Place(step.inbox.name, store.partition)): checkpoint
        for store, assembly in found.items()
        for step in [stores[store.topic]]
        if (checkpoint := _checkpoint(assembly, step)) is not None
    }


def _checkpoint(assembly: Assembly, step: Step[Any]) -> Checkpoint | None:
    best = assembly.best(step.name, step.version)
    if best is not None:
        since = best.label.cut_over.partition("@")[2]
        return Checkpoint(best.label.position, int(since or 0), best.data)
    earlier = assembly.superseded(step.name, step.version)
    return None if earlier is None else Checkpoint(since=earlier.position)
