"""The recorded log under another policy: read once, by a reader that commits nothing."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from typing import Any, Final, NamedTuple

from config.policy import Policy, policy_hash
from processors.decision.step import decision
from processors.governor.step import governor
from processors.step import Context, Step
from processors.surveillance.step import Surveillance
from projections.replay.progress import Progress, Report
from projections.what_if.bounds import INBOXES, Bounds, Span, bounds_of
from projections.what_if.changes import Changes
from projections.what_if.differences import Differences
from projections.what_if.known import Known, known
from projections.what_if.lane import Lane
from projections.what_if.report import WhatIf, report
from projections.what_if.skips import Skips, read_skips, without
from projections.what_if.spool import Spool
from projections.what_if.twin import Twin
from projections.what_if.weave import Weave
from streams.contracts.envelope import rfc3339
from streams.contracts.record import Record
from streams.contracts.topics import TELEMETRY
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader, Place
from streams.kafka.policies import PoliciesInForce

_BREATH: Final = 2000
"""Records between two looks at the event loop, which keeps the connection alive."""
_EVERYTHING: Final = Span()


async def what_if(
    connection: Connection,
    signer: Signer,
    candidate: Policy,
    span: Span = _EVERYTHING,
    told: Report = lambda _line: None,
) -> WhatIf:
    """Fold the recorded log under the recorded policies and under `candidate`; tell what differs.

    Both folds are of today's code and begin with the same record, so what differs is the policy's
    doing. Nothing is written, and no command is carried out.

    Raises
    ------
    BrokerAway, TopicError, PositionLost
        Where the log cannot be read.
    """
    begun = time.monotonic()
    async with LogReader(connection) as reader:
        bounds = await bounds_of(reader, span)
        begin = await known(reader, signer, bounds, _steps())
        notes = [begin.note()] if begin.checkpoints else bounds.notes(span.at_most)
        if begin.since is not None and (span.since is None or span.since < begin.since):
            span = span._replace(since=begin.since)
            bounds = await bounds_of(reader, span)
        bounds = begin.within(bounds)
        policies = await PoliciesInForce.read(reader)
        skips = await read_skips(reader, signer)
        with closing(Spool(signer)) as spool:
            ground = _Ground(bounds, begin, policies, skips)
            fold = _Fold(reader, signer, spool, candidate, ground, told)
            await fold.decided()
            for place in bounds.of(TELEMETRY.name):
                await fold.surveillance(place)
            weave = await fold.weave(float("-inf") if span.since is None else span.since)
            return report(
                spool,
                weave.diverged,
                span.tenant,
                since=None if span.since is None else rfc3339(span.since),
                until=None if span.until is None else rfc3339(span.until),
                policy_hash=policy_hash(candidate),
                records=bounds.records,
                seconds=round(time.monotonic() - begun, 3),
                notes=notes,
            )


def _steps() -> tuple[Step[Any], ...]:
    return (Surveillance(), decision(), governor())


class _Ground(NamedTuple):
    """What the log itself says of a reading: from where to where, and what was before."""

    bounds: Bounds
    known: Known
    policies: PoliciesInForce
    skips: Skips


class _Fold:
    """The parts of a reading, in the order of their methods."""

    def __init__(
        self,
        reader: LogReader,
        signer: Signer,
        spool: Spool,
        candidate: Policy,
        ground: _Ground,
        told: Report,
    ) -> None:
        self._reader = reader
        self._signer = signer
        self._spool = spool
        self._candidate = candidate
        self._bounds, self._known, self._policies, self._skips = ground
        self._told = told
        self._differences = Differences(spool.tell)

    async def decided(self) -> None:
        """Keep the inboxes of decision and governor."""
        bounds, places = self._bounds, self._bounds.of(*INBOXES)
        progress = Progress("reading what was decided", bounds.length(places), self._told)
        begins = {place: bounds.begins[place] for place in places}
        async for batch in self._reader.read(begins, bounds.ends):
            self._spool.keep(without(batch, self._skips))
            progress.add(len(batch))
        progress.finish()

    async def surveillance(self, place: Place) -> None:
        """Fold one partition of telemetry; what differs is put into the inboxes behind it."""
        twin = await self._twin(Surveillance(), place)
        changes = Changes(self._spool, self._differences, twin.context.partitions)
        begin, end = self._bounds.begins[place], self._bounds.ends[place]
        fork = max(begin, self._bounds.forks[place])
        progress = Progress(f"surveillance {place.partition}", max(0, end - begin), self._told)
        async for batch in self._reader.read({place: begin}, {place: end}):
            self._begin(twin, batch[0])
            folded = without(batch, self._skips)
            twin.learn([record for record in folded if record.offset < fork])
            after = [record for record in folded if record.offset >= fork]
            if after and not twin.forked:
                changes.follow_all(twin, twin.fork(self._candidate, after[0]))
            if after:
                changes.follow_all(twin, twin.fold(after))
            progress.add(len(batch))
        progress.finish()

    async def weave(self, since: float) -> Weave:
        """Fold the inboxes of decision and governor, with what differs so far."""
        steps: dict[str, Step[Any]] = {step.inbox.name: step for step in (decision(), governor())}
        places = self._bounds.of(*steps)
        lanes = [
            Lane(
                self._spool,
                place,
                self._bounds.begins[place],
                await self._twin(steps[place.topic], place),
            )
            for place in places
        ]
        for lane in lanes:
            if (first := lane.first) is not None:
                self._begin(lane.twin, first)
        total = self._bounds.length(places)
        progress = Progress("decision and governor", total, self._told)
        weave = Weave(self._spool, self._signer, lanes, self._candidate, since, self._differences)
        while weave.run(_BREATH, progress.add):
            await asyncio.sleep(0)
        progress.finish()
        self._differences.finish()
        return weave

    def _begin(self, twin: Twin, first: Record) -> None:
        """Put in force what was so before the first record, where that is not the log's first."""
        if not twin.begun and first.offset > 0:
            twin.learn(self._policies.before(first, self._signer))
        twin.begun = True

    async def _twin(self, step: Step[Any], place: Place) -> Twin:
        partitions = len(self._bounds.of(place.topic))
        context = Context(*place, partitions, self._signer)
        return Twin(step, context, await self._known.state(self._reader, step, context, place))
