"""Records on their way to the log, marked with the spans that they are."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from streams.contracts.envelope import CONTENT, Event, decode_event
from streams.contracts.record import Outgoing, Position, Record
from streams.contracts.topics import AUDIT, REQUESTS
from streams.traces.caller import CALLER, Caller
from streams.traces.naming import TRACEPARENT, SpanId, read, span_of
from streams.traces.work import Work

_CORRELATED: Final = b'"correlationid":'
_UNTRACED: Final = frozenset({AUDIT.name, REQUESTS.name})
"""The API's own books."""


@dataclass(frozen=True, slots=True)
class Done:
    """An event that was written.

    Parameters
    ----------
    since_ns : int
        When the work that it is the result of began, in nanoseconds since the epoch.
    source : SpanId or None
        The span of the record that a step wrote it for.
    caller : Caller or None
        The request that it was written for.
    topics : list of str
        Where it was written to.
    """

    event: Event
    since_ns: int
    source: SpanId | None
    caller: Caller | None
    topics: list[str]

    def links(self) -> Iterator[SpanId]:
        """Give what led to it, and belongs to another trace."""
        for each in (self.source, None if self.caller is None else self.caller.span):
            if each is not None and each.trace != span_of(self.event).trace:
                yield each


class Writing:
    """Records that are being written.

    Parameters
    ----------
    tell : callable
        Told of each event, once, when they are on the log.
    work : Work or None
        What they follow from, where a step wrote them.

    Attributes
    ----------
    records : list of Outgoing
        What is to be written in place of those given.
    """

    def __init__(
        self, tell: Callable[[Done], None], records: Sequence[Outgoing], work: Work | None
    ) -> None:
        self._tell = tell
        self._work = work
        self._caller = CALLER.get()
        self._begun_ns = time.time_ns()
        self._done: dict[str, Done] = {}
        self.records = [self._marked(record) for record in records]

    def end(self) -> None:
        """Tell of them: they are on the log."""
        for done in self._done.values():
            self._tell(done)

    def _marked(self, record: Outgoing) -> Outgoing:
        event = _traced(record)
        if event is None:
            return record
        if event.id not in self._done:
            self._done[event.id] = self._of(event)
        self._done[event.id].topics.append(record.topic)
        mark = (TRACEPARENT, str(span_of(event)).encode())
        return record._replace(headers=(*record.headers, mark))

    def _of(self, event: Event) -> Done:
        if self._work is not None:
            return Done(event, self._work.since_ns, _source(event, self._work.records), None, [])
        since_ns = self._begun_ns if self._caller is None else self._caller.since_ns
        return Done(event, since_ns, None, self._caller, [])


def _traced(record: Outgoing) -> Event | None:
    """Return the event in `record` where it belongs to something."""
    if record.topic in _UNTRACED or _CORRELATED not in record.value:
        return None
    if CONTENT[0] not in record.headers:
        return None
    event = decode_event(record.value)
    return event if event.correlationid else None


def _source(event: Event, records: Sequence[Record]) -> SpanId | None:
    """Return the span that the record is of which a step folded to `event`."""
    if not event.position:
        return None
    offset = Position.parse(event.position).offset
    place = bisect_left(records, offset, key=lambda record: record.offset)
    if place == len(records) or records[place].offset != offset:
        return None
    return read((records[place].header(TRACEPARENT) or b"").decode("latin-1"))
