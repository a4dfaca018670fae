"""When a lane is snapshotted, and in which order: outputs first, then the snapshot."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any, Final

from processors.runtime.ending import Tasks
from processors.runtime.lane import Lane
from processors.runtime.outputs import Outputs
from processors.runtime.snapshot_format import Label, Snapshot, encode
from streams.contracts.topics import snapshots_of
from streams.contracts.trust import Signer

RECORDS: Final = 2000
"""Records folded since the last snapshot that call for the next one."""
PAUSE_S: Final = 2.0
"""Between two snapshots of a lane, at least."""
AGE_S: Final = 30.0
"""A lane that has moved at all is snapshotted this often."""
SHARE: Final = 0.05
"""Of the time, what snapshots may cost."""
_WRITER: Final = uuid.uuid4().hex[:12]
_SKIPS_KEPT: Final = 1000


class Snapshots:
    """Writes snapshots, at most a twentieth of the time.

    Parameters
    ----------
    outputs : Outputs
        The ordered way to the log.
    signer : Signer
        Signs every chunk.
    tasks : Tasks
        Runs the writing beside the folding.
    """

    def __init__(self, outputs: Outputs, signer: Signer, tasks: Tasks) -> None:
        self._outputs = outputs
        self._signer = signer
        self._tasks = tasks
        self._not_before = 0.0
        self.written = 0

    def consider(self, lane: Lane) -> None:
        """Begin a snapshot of `lane` where one is due."""
        now = time.monotonic()
        if not ready(lane) or now < self._not_before:
            return
        age = now - lane.snapshot_at
        due = lane.since_snapshot >= RECORDS or lane.urgent
        if (due and age >= PAUSE_S) or age >= AGE_S:
            self.begin(lane)

    def begin(self, lane: Lane) -> asyncio.Task[Any]:
        """Begin a snapshot of `lane` now; the task ends when it is acknowledged."""
        began = lane.snapshot_at = time.monotonic()
        lane.snapshotting, lane.urgent, lane.since_snapshot = True, False, 0
        snapshot = Snapshot(_label(lane), lane.step.dump(lane.state))
        cost = time.monotonic() - began
        self._not_before = began + cost / SHARE
        outputs, lane.pending = lane.pending, []
        return self._tasks.start(self._write(lane, snapshot, outputs), "snapshot")

    async def _write(
        self, lane: Lane, snapshot: Snapshot, outputs: list[asyncio.Future[Any]]
    ) -> None:
        topic = snapshots_of(lane.step.inbox).name
        records = await asyncio.to_thread(
            encode, snapshot, topic, lane.context.partition, self._signer
        )
        await asyncio.gather(*outputs)  # facts are durable before the state that implies them
        if not lane.alive:
            return
        await asyncio.gather(*await self._outputs.send(records))
        lane.generation = snapshot.label.generation
        lane.snapshot_position = snapshot.label.position
        lane.snapshotting = False
        self.written += 1


def ready(lane: Lane) -> bool:
    """Say whether there is anything to snapshot, and nothing against it."""
    settled = lane.sound and not lane.unsent and not lane.snapshotting
    return lane.alive and settled and lane.since_snapshot > 0


def _label(lane: Lane) -> Label:
    return Label(
        lane.step.name,
        lane.step.version,
        lane.next,
        _WRITER,
        1 - lane.generation,
        cut_over=lane.cut_over,
        skipped=tuple(sorted(lane.skipped)[-_SKIPS_KEPT:]),
    )
