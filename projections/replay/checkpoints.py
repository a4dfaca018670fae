"""What is kept of the steps' states, as a verification uses it: how far, since when, from where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from processors.parts import Stored
from processors.runtime.checkpoints import Checkpoint, load, of, read_checkpoints
from processors.runtime.snapshot_format import Assembly
from processors.step import Step
from streams.contracts.envelope import rfc3339
from streams.contracts.topics import snapshots_of
from streams.contracts.trust import Signer
from streams.kafka.log_reader import LogReader, Place


@dataclass(frozen=True, slots=True)
class Begin:
    """A state from which a fold can begin: the next offset, the state, and what it is called."""

    position: int
    data: Stored
    told: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one partition of a step's inbox.

    Parameters
    ----------
    position : int
        The last snapshot's next offset; everything that follows from those before it is written.
    since : int
        The offset from which this version of the step decides; before it, an earlier one did.
    store : Place or None
        Where that snapshot lies, if it is of this version.
    checkpoints : list of Checkpoint
        Those of this version, oldest first.
    rests : bool
        Whether this version began with a state that is no fold of the inbox's beginning, as it
        carried one over: then only a checkpoint leads to what it decided.
    """

    position: int = 0
    since: int = 0
    store: Place | None = None
    checkpoints: list[Checkpoint] = field(default_factory=list)
    rests: bool = False

    async def oldest(
        self, reader: LogReader, signer: Signer, step: Step[Any], span: range
    ) -> Begin | None:
        """Return the oldest state that lacks none of the records before `span`, if any."""
        for each in self.checkpoints:
            position = each.label.position
            if span.start <= position <= span.stop:
                loaded = await load(reader, signer, each)
                if loaded is not None:
                    told = f"the oldest checkpoint that is kept, of {rfc3339(each.at)}"
                    return Begin(position, loaded.data, told)
        if self.store is None or self.position < span.start:
            return None
        found = await _assembled(reader, {self.store: Assembly(signer)})
        last = found[self.store].best(step.name, step.version)
        if last is None:
            return None
        position = min(last.label.position, span.stop)
        return Begin(position, last.data, "the last snapshot, as no checkpoint is kept")


async def what_is_kept(
    reader: LogReader, signer: Signer, steps: Sequence[Step[Any]]
) -> Mapping[tuple[str, Place], Kept]:
    """Return what is kept, by the step's name and the place in its inbox; no state is held."""
    stores = {snapshots_of(step.inbox).name: step for step in steps}
    places = await reader.places(stores)
    found = await _assembled(reader, {place: Assembly(signer, pages=False) for place in places})
    checkpoints = await read_checkpoints(reader, signer)
    return {
        (step.name, place): _kept(
            assembly, step, store, of(checkpoints, step.name, step.version, place)
        )
        for store, assembly in found.items()
        for step in [stores[store.topic]]
        for place in [Place(step.inbox.name, store.partition)]
    }


async def _assembled(
    reader: LogReader, assemblies: dict[Place, Assembly]
) -> Mapping[Place, Assembly]:
    """Read all that lies in partitions of snapshot topics."""
    topics = {store.topic for store in assemblies}
    begins, ends = await reader.beginning_offsets(topics), await reader.end_offsets(topics)
    wanted = {store: begins[store] for store in assemblies}
    async for batch in reader.read(wanted, ends):
        assemblies[Place(batch[0].topic, batch[0].partition)].add(batch)
    return assemblies


def _kept(assembly: Assembly, step: Step[Any], store: Place, checkpoints: list[Checkpoint]) -> Kept:
    last = assembly.last(step.name, step.version)
    if last is None and not checkpoints:
        other = assembly.superseded(step.name, step.version)
        other = other or assembly.ahead(step.name, step.version)
        return Kept() if other is None else Kept(since=other.position)
    label = checkpoints[-1].label if last is None else last
    origin = label.took_over
    rests = origin is not None and (origin.carried or origin.since > 0)
    return Kept(label.position, label.since, None if last is None else store, checkpoints, rests)
