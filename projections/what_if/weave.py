"""Folds the recorded inboxes of decision and governor as one, in the order of cause and effect.

The two answer each other, so neither can be folded to its end first. Recorded records keep their
order; what a step wrote is folded only after the record that it follows from, which its position
names, so no clock decides. What only the candidate would have written goes after everything that
the same partition caused before it, and by its time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from config.policy import Policy
from projections.what_if.changes import Changes
from projections.what_if.differences import Differences
from projections.what_if.divergence import Divergences
from projections.what_if.lane import Lane
from projections.what_if.spool import Inserted, Spool, Written
from streams.contracts.record import Outgoing, Record
from streams.contracts.trust import Signer
from streams.kafka.log_reader import Place


class _Named(msgspec.Struct):
    action_id: str = ""


class _Outcome(msgspec.Struct):
    data: _Named


class Weave:
    """Folds lanes to their ends.

    Parameters
    ----------
    spool : Spool
        The recorded inboxes, and what differs so far.
    signer : Signer
        Signs what stands in place of recorded records.
    lanes : sequence of Lane
        Every partition of the inboxes.
    candidate : Policy
        In force from `since` (seconds since the epoch) on.
    differences : Differences
        Is told of every pair of facts.
    """

    def __init__(
        self,
        spool: Spool,
        signer: Signer,
        lanes: Sequence[Lane],
        candidate: Policy,
        since: float,
        differences: Differences,
    ) -> None:
        self._spool = spool
        self._signer = signer
        self._lanes = {lane.place: lane for lane in lanes}
        self._candidate = candidate
        self._since = since
        partitions = max((lane.twin.context.partitions for lane in lanes), default=1)
        self._changes = Changes(spool, differences, partitions, self._lanes)
        self._waiting: set[Place] = set()
        self.diverged = Divergences()

    def run(self, at_most: int, progress: Callable[[int], None] = lambda _records: None) -> bool:
        """Fold up to `at_most` records, and what they follow from; return whether more is left.

        `progress` takes how many recorded records were folded.
        """
        for _ in range(at_most):
            heads = [
                (head.record.timestamp, lane.place)
                for lane in self._lanes.values()
                if (head := lane.head()) is not None
            ]
            if not heads:
                return False
            progress(self._advance(self._lanes[min(heads)[1]]))
        return True

    def _advance(self, lane: Lane) -> int:
        """Fold what comes next in a lane, and before that what it follows from."""
        folded = 0
        self._waiting.add(lane.place)
        while (source := self._source(lane)) is not None:
            folded += self._advance(source)
        self._waiting.discard(lane.place)
        item = lane.pop()
        after = item.place - 1 if isinstance(item, Inserted) else item.record.offset
        self._fold(lane, item, after)
        return folded + (not isinstance(item, Inserted))

    def _source(self, lane: Lane) -> Lane | None:
        """Return the lane that has to go on before `lane` can."""
        head = lane.head()
        if not isinstance(head, Written) or head.cause is None:
            return None
        place = Place(head.cause.topic, head.cause.partition)
        source = self._lanes.get(place)
        if source is None or place in self._waiting or source.head() is None:
            return None
        return source if source.cursor <= head.cause.offset else None

    def _fold(self, lane: Lane, item: Written | Inserted, after: int) -> None:
        twin, record = lane.twin, item.record
        if not twin.forked and record.timestamp >= self._since:
            for followed in twin.fork(self._candidate, record):
                self._changes.follow(twin, followed, after - 1)
        if not twin.forked:
            twin.learn([record])
            return
        recorded = None if isinstance(item, Inserted) else record
        for followed in twin.fold_apart(recorded, self._under_candidate(item)):
            self._changes.follow(twin, followed, after)
            ended = self.diverged.add(followed.pair)
            if ended is not None:
                self._changes.insert(ended, 0, record.timestamp)

    def _under_candidate(self, item: Written | Inserted) -> Record | None:
        """Return what the candidate's steps would have read in place of a record."""
        if isinstance(item, Inserted):
            return item.record
        if not item.step:
            return None if self.diverged.unknown(item, _action_of(item)) else item.record
        replaced, value = self._spool.instead_of(item.record.topic, item.id)
        if not replaced:
            return item.record
        return None if value is None else self._signed(item.record, value)

    def _signed(self, record: Record, value: bytes) -> Record:
        signed = self._signer.sign(Outgoing(record.topic, record.key, value))
        return record._replace(value=value, headers=signed.headers)


def _action_of(written: Written) -> str:
    """Return the action that an outcome is about."""
    if written.type not in ("action.claimed", "action.finished"):
        return ""
    return msgspec.json.decode(written.record.value or b"", type=_Outcome).data.action_id
