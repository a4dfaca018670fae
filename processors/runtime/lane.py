"""A lane: one partition of an inbox, with the state that was folded from it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from processors.runtime.pages import Book
from processors.runtime.snapshot_format import CutOver
from processors.step import Context, Sealer, Step


@dataclass(slots=True, eq=False)
class Lane:
    """One partition of one step while this worker owns it.

    Parameters
    ----------
    step : Step
        What folds it.
    context : Context
        Where it stands.
    state : Any
        The fold of every record before `next`, less the `skipped` ones.
    next : int
        The offset of the next record; moves together with `state`.
    silent_before : int
        Outputs of earlier offsets are on the log already, written by an earlier version.
    alive : bool
        False as soon as the partition is revoked.
    generation : int
        Which of the two sets of snapshot keys was completed last.
    cut_over : CutOver or None
        How this version of the step came to the partition; None where it was the first one.
    pending : list of Future
        Outputs that are not acknowledged yet.
    """

    step: Step[Any]
    context: Context
    state: Any
    next: int
    silent_before: int = 0
    generation: int = 0
    cut_over: CutOver | None = None
    learns: bool = True
    """Whether its state began blank, and not with what a snapshot held."""
    undecided: bool = False
    """Whether it is not known yet how far the earlier version spoke: nothing may be folded."""
    crossed: bool = True
    """Whether the log says that this version speaks; until then it must not."""
    alive: bool = True
    skipped: set[int] = field(default_factory=set)
    pending: list[asyncio.Future[Any]] = field(default_factory=list)
    book: Book = field(default_factory=Book)
    since_snapshot: int = 0
    folding_s: float = 0.0
    """Spent on folding since the last snapshot: what a restart would have to spend again."""
    frozen_s: float = 0.0
    """What it took to set the state aside for the last snapshot; nothing is folded meanwhile."""
    urgent: bool = False
    """Whether the next snapshot should not wait: a record was passed over."""
    unsent: bool = False
    """True while what follows from folded records is not all with the producer."""
    sound: bool = True
    """False while a failed batch may have left the state half applied."""
    snapshot_at: float = field(default_factory=time.monotonic)
    """When the last snapshot began, or the lane was restored, on the monotonic clock."""
    snapshot_position: int = -1
    time: float = 0.0
    """The inbox's stamp of the last record folded, in seconds since the epoch."""
    checkpoint_at: float | None = None
    """`time` at the last checkpoint; None where the state began with the log, which needs none."""
    snapshotting: bool = False
    writing: asyncio.Task[Any] | None = None
    """Writes the last snapshot that was begun."""
    announced: float | None = None
    """The due time last announced to the ticker and not reached yet."""
    announced_last: float | None = None

    @property
    def sealer(self) -> Sealer:
        """Seals what follows from this partition."""
        return Sealer(self.step.name, self.context)

    @property
    def place(self) -> tuple[str, int]:
        """The inbox's name and the partition."""
        return self.context.topic, self.context.partition

    def forget_acknowledged(self) -> None:
        """Keep the list of pending outputs short."""
        if len(self.pending) > 256:
            self.pending[:] = [future for future in self.pending if not future.done()]
