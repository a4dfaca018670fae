"""The end of a partition of a snapshot topic, and from there the snapshots that it leads to."""

from __future__ import annotations

from dataclasses import dataclass

from processors.runtime.pages import runs
from processors.runtime.snapshot_format import Assembly, Snapshot
from streams.kafka.log_reader import LogReader, Place


@dataclass(frozen=True, slots=True)
class Tail:
    """The last records of one partition of a snapshot topic, from `start` on, up to `end`."""

    assembly: Assembly
    store: Place
    begin: int
    start: int
    end: int

    async def snapshot(self, reader: LogReader, step: str, version: int) -> Snapshot | None:
        """Return the last snapshot; where the tail does not lead to one, everything is read."""
        kept = self.assembly
        found = await self._reached(reader, step, version)
        if found is None and not (kept.superseded(step, version) or kept.ahead(step, version)):
            await self._add(reader, self.begin, self.start)
            found = await self._reached(reader, step, version)
        return found

    async def _reached(self, reader: LogReader, step: str, version: int) -> Snapshot | None:
        """Return the snapshot to which what is read leads, with what it needs."""
        while offsets := self.assembly.wanted(step, version):
            for first, last in runs(offsets):
                await self._add(reader, max(first, self.begin), last + 1)
        return self.assembly.best(step, version)

    async def _add(self, reader: LogReader, first: int, end: int) -> None:
        end = min(end, self.end)  # indexes of an imported log point to where pages lay before
        async for records in reader.read({self.store: first}, {self.store: end}):
            self.assembly.add(records)
