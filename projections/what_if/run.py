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
from projections.what_if.changes import INBOXES, Changes
from projections.what_if.differences import Differences
from projections.what_if.lane import Lane
from projections.what_if.report import WhatIf, report
from projections.what_if.spool import Spool
from projections.what_if.twin import Twin
from projections.what_if.weave import Weave
from streams.contracts.envelope import rfc3339
from streams.contracts.topics import TELEMETRY
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader, Offsets, Place

_BREATH: Final = 2000
"""Records between two looks at the event loop, which keeps the connection alive."""


class SpanTooLongError(RuntimeError):
    """More records than may be read; a shorter span has less."""


class Span(NamedTuple):
    """What is asked about.

    Parameters
    ----------
    since, until : float or None
        When the candidate is put in force and where the reading ends, seconds since the epoch;
        None is the first, and the last, record that is kept.
    tenant : str or None
        Whose findings and actions are told; None is everybody's. All are folded, as they share
        limits.
    at_most : int or None
        The most records to read.
    """

    since: float | None = None
    until: float | None = None
    tenant: str | None = None
    at_most: int | None = None


async def what_if(
    connection: Connection,
    signer: Signer,
    candidate: Policy,
    span: Span = Span(),  # noqa: B008
    told: Report = lambda _line: None,
) -> WhatIf:
    """Fold the recorded log under the recorded policies and under `candidate`; return what differs.

    Both folds are of today's code and begin with the first record that is kept, so what differs
    is the policy's doing. Nothing is written, and no command is carried out.

    Raises
    ------
    SpanTooLongError
        Where there are more records than `span` lets be read.
    BrokerAway, TopicError
        Where the log cannot be read.
    """
    async with LogReader(connection) as reader:
        with closing(Spool(signer)) as spool:
            return await _WhatIf(reader, signer, spool, candidate, span, told).run()


class _WhatIf:
    def __init__(
        self,
        reader: LogReader,
        signer: Signer,
        spool: Spool,
        candidate: Policy,
        span: Span,
        told: Report,
    ) -> None:
        self._reader = reader
        self._signer = signer
        self._spool = spool
        self._candidate = candidate
        self._span = span
        self._told = told
        self._differences = Differences(spool.tell)
        self._begins: Offsets = {}
        self._forks: Offsets = {}
        self._ends: Offsets = {}

    async def run(self) -> WhatIf:
        """Read, fold and compare."""
        begun = time.monotonic()
        await self._bounds()
        records = self._within_limit()
        await self._keep()
        for place in [place for place in self._begins if place.topic == TELEMETRY.name]:
            await self._surveillance(place)
        weave = await self._weave()
        self._differences.finish()
        since, until = self._span.since, self._span.until
        return report(
            self._spool,
            weave.diverged.since,
            self._span.tenant,
            since=None if since is None else rfc3339(since),
            until=None if until is None else rfc3339(until),
            policy_hash=policy_hash(self._candidate),
            records=records,
            seconds=round(time.monotonic() - begun, 3),
            outcomes_beyond=weave.diverged.outcomes,
            notes=self._notes(),
        )

    async def _bounds(self) -> None:
        """Take the ends of telemetry first: what followed from it is then within the others."""
        for topic in (TELEMETRY.name, *INBOXES):
            self._begins |= await self._reader.beginning_offsets([topic])
            self._ends |= await self._at(topic, self._span.until)
            self._forks |= (
                await self._reader.beginning_offsets([topic])
                if self._span.since is None
                else await self._at(topic, self._span.since)
            )

    async def _at(self, topic: str, moment: float | None) -> Offsets:
        if moment is None:
            return await self._reader.end_offsets([topic])
        return await self._reader.offsets_at([topic], moment)

    def _within_limit(self) -> int:
        records = sum(max(0, self._ends[place] - begin) for place, begin in self._begins.items())
        most = self._span.at_most
        if most is not None and records > most:
            raise SpanTooLongError(
                f"{records:,} records lie before {_moment(self._span.until)}, and at most {most:,} "
                "are read here; use the command `homeostat policy what-if`, which has no limit"
            )
        return records

    async def _keep(self) -> None:
        places = [place for place in self._begins if place.topic != TELEMETRY.name]
        total = sum(max(0, self._ends[place] - self._begins[place]) for place in places)
        progress = Progress("reading what was decided", total, self._told)
        begins = {place: self._begins[place] for place in places}
        async for batch in self._reader.read(begins, self._ends):
            self._spool.keep(batch)
            progress.add(len(batch))
        progress.finish()

    async def _surveillance(self, place: Place) -> None:
        """Fold one partition of telemetry; what differs is put into the inboxes behind it."""
        twin = self._twin(Surveillance(), place)
        changes = Changes(self._spool, self._differences, twin.context.partitions)
        begin, fork, end = self._begins[place], self._forks[place], self._ends[place]
        progress = Progress(f"surveillance {place.partition}", max(0, end - begin), self._told)
        async for batch in self._reader.read({place: begin}, {place: min(fork, end)}):
            twin.learn(batch)
            progress.add(len(batch))
        async for batch in self._reader.read({place: max(begin, fork)}, {place: end}):
            if not twin.forked:
                for followed in twin.fork(self._candidate, batch[0]):
                    changes.follow(twin, followed, followed.record.offset)
            for followed in twin.fold(batch):
                changes.follow(twin, followed, followed.record.offset)
            progress.add(len(batch))
        progress.finish()

    async def _weave(self) -> Weave:
        steps: dict[str, Step[Any]] = {step.inbox.name: step for step in (decision(), governor())}
        lanes = [
            Lane(self._spool, place, self._begins[place], self._twin(steps[place.topic], place))
            for place in self._begins
            if place.topic in steps
        ]
        total = sum(max(0, self._ends[lane.place] - self._begins[lane.place]) for lane in lanes)
        progress = Progress("decision and governor", total, self._told)
        since = float("-inf") if self._span.since is None else self._span.since
        weave = Weave(self._spool, self._signer, lanes, self._candidate, since, self._differences)
        while weave.run(_BREATH, progress.add):
            await asyncio.sleep(0)
        progress.finish()
        return weave

    def _twin(self, step: Step[Any], place: Place) -> Twin:
        partitions = sum(1 for each in self._begins if each.topic == place.topic)
        return Twin(step, Context(*place, partitions, self._signer))

    def _notes(self) -> list[str]:
        """Say what the answer cannot know."""
        expired = sorted({place.topic for place, begin in self._begins.items() if begin > 0})
        if not expired:
            return []
        told = f"the first records of {', '.join(expired)} have expired: both policies begin with "
        return [told + "the first that is kept, and with nothing learnt before it"]


def _moment(at: float | None) -> str:
    return "now" if at is None else rfc3339(at)
