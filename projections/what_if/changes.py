"""What one difference means for the inboxes behind it: replaced, taken out, or put in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from processors.step import Fact
from projections.what_if.bounds import INBOXES
from projections.what_if.differences import Differences
from projections.what_if.spool import Inserted, Spool
from projections.what_if.twin import Followed, Twin
from streams.contracts.events.registry import BY_DATA
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Outgoing
from streams.contracts.topics import GOVERNANCE
from streams.kafka.log_reader import Place


class Lane(Protocol):
    """An inbox that is being folded."""

    cursor: int

    def add(self, inserted: Inserted) -> None:
        """Take what was put in behind the cursor."""


class Changes:
    """Carries what differs from step to step.

    Parameters
    ----------
    spool : Spool
        Where it is written.
    differences : Differences
        Is told of every pair.
    partitions : int
        Of the inbox of decision.
    lanes : mapping
        The inboxes that are being folded; what they have passed cannot be changed any more.
    """

    def __init__(
        self,
        spool: Spool,
        differences: Differences,
        partitions: int,
        lanes: Mapping[Place, Lane] | None = None,
    ) -> None:
        self._spool = spool
        self._differences = differences
        self._partitions = partitions
        self._lanes: Mapping[Place, Lane] = lanes or {}

    def follow_all(self, twin: Twin, followed: Iterable[Followed]) -> None:
        """Take what follows from the records of a twin's own inbox."""
        for each in followed:
            self.follow(twin, each, each.record.offset)

    def follow(self, twin: Twin, followed: Followed, after: int) -> None:
        """Take one pair of facts.

        Parameters
        ----------
        after : int
            The offset of the step's inbox that it follows from.
        """
        self._differences.add(followed.pair)
        if followed.pair.same:
            return
        if followed.pair.before is None:
            assert followed.pair.after is not None  # noqa: S101
            self._invent(twin, followed.pair.after, after)
        elif followed.pair.after is None:
            for topic in _inboxes(followed.pair.before):
                self._spool.replace(topic, twin.recorded_id(followed), None)
        else:
            for record in twin.restated(followed):
                if record.topic in INBOXES:
                    self._spool.replace(record.topic, twin.recorded_id(followed), record.value)

    def insert(self, record: Outgoing, before: int, at: float) -> None:
        """Put a record before a recorded one; at the earliest where its inbox has come to."""
        place = self._home(record)
        lane = self._lanes.get(place)
        if lane is not None:
            before = max(before, lane.cursor)
        inserted = self._spool.insert(place, before, at, record)
        if lane is not None:
            lane.add(inserted)

    def _invent(self, twin: Twin, fact: Fact, after: int) -> None:
        if not _inboxes(fact):
            return
        for record in twin.invented(fact):
            if record.topic in INBOXES:
                home = self._home(record)
                before = self._spool.place_of(home, twin.context, after, fact.at)
                self.insert(record, before, fact.at)

    def _home(self, record: Outgoing) -> Place:
        single = record.topic == GOVERNANCE.name
        partition = 0 if single else partition_for(record.key or b"", self._partitions)
        return Place(record.topic, partition)


def _inboxes(fact: Fact) -> list[str]:
    kind = fact.kind or BY_DATA[type(fact.data)]
    return [topic.name for topic in kind.to if topic.name in INBOXES]
