"""One recorded inbox, with what only the candidate would have written put in its place."""

from __future__ import annotations

import heapq
from collections import deque

from projections.what_if.spool import END, Inserted, Spool, Written
from projections.what_if.twin import Twin
from streams.contracts.record import Record
from streams.kafka.log_reader import Place


class Lane:
    """Gives the records of one partition in order.

    Parameters
    ----------
    spool : Spool
        Holds them.
    place : Place
        Which partition.
    begin : int
        Its first recorded offset.
    twin : Twin
        What folds it.
    """

    def __init__(self, spool: Spool, place: Place, begin: int, twin: Twin) -> None:
        self.place = place
        self.twin = twin
        self.cursor = begin
        self._spool = spool
        self._recorded: deque[Written] = deque()
        self._inserted: list[tuple[int, int, Inserted]] = []
        self._loaded = begin
        self._load()

    def add(self, inserted: Inserted) -> None:
        """Take what was put in behind the cursor; what lies farther on is loaded in its turn."""
        if inserted.place < self._loaded:
            heapq.heappush(self._inserted, (inserted.place, inserted.serial, inserted))

    @property
    def first(self) -> Record | None:
        """The first recorded record that is left; None at the end."""
        return self._recorded[0].record if self._recorded else None

    def head(self) -> Written | Inserted | None:
        """Return what comes next; None at the end."""
        recorded = self._recorded[0] if self._recorded else None
        if self._inserted:
            place, _, inserted = self._inserted[0]
            if recorded is None or place <= recorded.record.offset:
                return inserted
        return recorded

    def pop(self) -> Written | Inserted:
        """Return what comes next, and go on.

        Raises
        ------
        IndexError
            At the end.
        """
        head = self.head()
        if isinstance(head, Inserted):
            heapq.heappop(self._inserted)
            return head
        written = self._recorded.popleft()
        self.cursor = written.record.offset + 1
        if not self._recorded:
            self._load()
        return written

    def _load(self) -> None:
        self._recorded.extend(self._spool.recorded(self.place, self._loaded))
        until = self._recorded[-1].record.offset + 1 if self._recorded else END + 1
        for inserted in self._spool.inserted(self.place, self._loaded, until):
            heapq.heappush(self._inserted, (inserted.place, inserted.serial, inserted))
        self._loaded = until
