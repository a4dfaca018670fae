"""States to begin with where the log's beginning has expired: the checkpoints that steps read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from processors.migrations import carried, is_carried
from processors.parts import Stored
from processors.runtime.checkpoints import Checkpoint, load, read_checkpoints
from processors.step import Context, Step
from projections.what_if.bounds import Bounds
from streams.contracts.envelope import rfc3339
from streams.contracts.trust import Signer
from streams.kafka.errors import PositionLost
from streams.kafka.log_reader import LogReader, Place


class Known(NamedTuple):
    """Where a reading begins with a state.

    Parameters
    ----------
    checkpoints : dict
        By partition; empty where all is read, or where nothing is known.
    since : float or None
        When every state is there: before it no other policy can be put in force.
    """

    checkpoints: Mapping[Place, Checkpoint] = {}
    since: float | None = None

    def within(self, bounds: Bounds) -> Bounds:
        """Return `bounds`, begun at the checkpoints."""
        begins = {place: each.label.position for place, each in self.checkpoints.items()}
        return bounds._replace(begins=bounds.begins | begins)

    def note(self) -> str:
        """Say what the answer begins with."""
        oldest = min(each.at for each in self.checkpoints.values())
        return (
            f"what was before {rfc3339(oldest)} has expired: both begin with the checkpoints of "
            f"then, and the other policy is in force from {rfc3339(self.since or oldest)}"
        )

    async def state(
        self, reader: LogReader, step: Step[Any], context: Context, place: Place
    ) -> Stored | None:
        """Return the state to begin a partition of the inbox of `step` with, if there is one.

        Raises
        ------
        PositionLost
            Where it has expired since it was found.
        """
        if (checkpoint := self.checkpoints.get(place)) is None:
            return None
        snapshot = await load(reader, context.signer, checkpoint)
        if snapshot is None:
            told = f"the checkpoint of {place.topic}/{place.partition} has expired meanwhile"
            raise PositionLost(f"{told}; ask again")
        version = snapshot.label.version
        if version == step.version:
            return snapshot.data
        return step.dump(carried(step, context, version, snapshot.data))


async def known(
    reader: LogReader, signer: Signer, bounds: Bounds, steps: Sequence[Step[Any]]
) -> Known:
    """Return the oldest checkpoints behind what has expired, if every partition has one."""
    expired = [place for place, begin in bounds.begins.items() if begin > 0]
    if bounds.begun is not None or not expired:
        return Known()
    kept = await read_checkpoints(reader, signer)
    found: dict[Place, Checkpoint] = {}
    for step in steps:
        for place in bounds.of(step.inbox.name):
            begin, end = bounds.begins[place], bounds.ends[place]
            usable = [
                each
                for each in kept
                if (each.label.step, each.place) == (step.name, place)
                and is_carried(step, each.label.version)
                and begin <= each.label.position <= end
            ]
            if begin > 0 and not usable:
                return Known()
            if begin > 0:
                found[place] = usable[0]
    return Known(found, max(each.at for each in found.values()))
