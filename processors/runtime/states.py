"""What is kept of the states of one partition: snapshots first, then checkpoints."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from processors.migrations import is_carried
from processors.runtime import checkpoints
from processors.runtime.checkpoints import Checkpoint
from processors.runtime.snapshot_format import Label, Snapshot
from processors.runtime.tails import Tail
from processors.runtime.taking_over import refuse
from processors.step import Step
from streams.contracts.envelope import rfc3339
from streams.contracts.trust import Signer
from streams.kafka.log_reader import LogReader, Place

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class States:
    """Finds states of one partition of a step's inbox, of which the offsets in `kept` are left."""

    reader: LogReader
    signer: Signer
    step: Step[Any]
    place: Place
    tail: Tail
    kept: range

    @property
    def superseded(self) -> Label | None:
        """The furthest snapshot of an earlier version, whatever its pages are."""
        return self.tail.assembly.superseded(self.step.name, self.step.version)

    async def own(self) -> Snapshot | None:
        """Return the last state of the present version; a checkpoint where no snapshot is left.

        Raises
        ------
        LaterVersion
            Where a later one has taken the partition over.
        """
        name, version = self.step.name, self.step.version
        found = await self.tail.snapshot(self.reader, name, version)
        if (ahead := self.tail.assembly.ahead(name, version)) is not None:
            raise refuse(self.step, self.place, ahead.version)
        if found is not None:
            return found if found.label.position <= self.kept.stop else None
        if self.superseded is not None:
            return None
        async for each in self._checkpoints():
            return each if each.label.version == version else None
        return None

    async def earlier(self) -> AsyncIterator[Snapshot]:
        """Give states of earlier versions, the best first."""
        if (last := self.superseded) is not None and is_carried(self.step, last.version):
            found = await self.tail.snapshot(self.reader, self.step.name, last.version)
            if found is not None and found.label.position <= self.kept.stop:
                yield found
        async for each in self._checkpoints():
            if each.label.version < self.step.version:
                yield each

    async def _checkpoints(self) -> AsyncIterator[Snapshot]:
        """Give the states of checkpoints, those of the latest version first, the newest first."""
        for each in await self._listed():
            version = each.label.version
            if version > self.step.version:
                raise refuse(self.step, self.place, version)
            if version < self.step.version and not is_carried(self.step, version):
                continue
            found = await checkpoints.load(self.reader, self.signer, each)
            if found is not None:
                log.warning("%s/%d: no snapshot is left; resuming from the checkpoint of %s",
                            *self.place, rfc3339(each.at))  # fmt: skip
                yield found

    async def _listed(self) -> list[Checkpoint]:
        found = [
            each
            for each in await checkpoints.read_checkpoints(self.reader, self.signer)
            if (each.label.step, each.place) == (self.step.name, self.place)
            and self.kept.start <= each.label.position <= self.kept.stop
        ]
        return sorted(found, key=lambda each: (each.label.version, each.label.position))[::-1]
