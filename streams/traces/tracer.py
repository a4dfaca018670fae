"""Marks events with their spans, and tells a collector of them by OTLP over HTTP.

Imported where an endpoint is set, and nowhere else: the SDK costs memory and a thread.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from streams.contracts.envelope import Event
from streams.contracts.record import Outgoing
from streams.traces.naming import SpanId, parent_of, span_of
from streams.traces.work import Work
from streams.traces.writing import Done, Writing

DELAY_MS: Final = 1000
FLUSH_MS: Final = 2000
_PATH: Final = "/v1/traces"
_OUTCOME: Final = "action.finished"
_WELL: Final = frozenset({"succeeded", "simulated", "undone"})
_NS: Final = 1_000_000_000


@functools.cache
def tracer_for(endpoint: str) -> Tracer:
    """Return this process's tracer for a collector, such as ``http://127.0.0.1:4318``."""
    full = endpoint if urlsplit(endpoint).path.strip("/") else endpoint.rstrip("/") + _PATH
    exporter = OTLPSpanExporter(endpoint=full)
    return Tracer(BatchSpanProcessor(exporter, schedule_delay_millis=DELAY_MS))


class Tracer:
    """Makes a span of each event that belongs to something.

    Parameters
    ----------
    processor : SpanProcessor
        Takes spans that have ended.
    """

    def __init__(self, processor: SpanProcessor) -> None:
        self._processor = processor
        self._resource = Resource.create({"service.name": "homeostat"})

    def begin(self, records: Sequence[Outgoing], work: Work | None = None) -> Writing:
        """Mark `records`, which are about to be written, as what follows from `work`."""
        return Writing(self._tell, records, work)

    def flush(self) -> None:
        """Send what there is, in two seconds at most."""
        self._processor.force_flush(FLUSH_MS)

    def _tell(self, done: Done) -> None:
        event, now = done.event, time.time_ns()
        parent = parent_of(event, done.source)
        span = ReadableSpan(
            event.type,
            _context(span_of(event)),
            None if parent is None else _context(parent),
            self._resource,
            _attributes(done),
            links=[Link(_context(each)) for each in done.links()],
            kind=SpanKind.PRODUCER,
            status=_status(event),
            start_time=min(done.since_ns, now - _lasted_ns(event)),
            end_time=now,
        )
        self._processor.on_end(span)


def _context(span: SpanId) -> SpanContext:
    return SpanContext(span.trace, span.span, is_remote=True, trace_flags=TraceFlags(1))


def _attributes(done: Done) -> dict[str, str]:
    return {
        "homeostat.source": done.event.source,
        "homeostat.subject": done.event.subject,
        "homeostat.event.id": done.event.id,
        "homeostat.correlation.id": done.event.correlationid,
        "messaging.system": "kafka",
        "messaging.destination.name": done.topics[0],
        "messaging.operation.type": "send",
    }


def _lasted_ns(event: Event) -> int:
    """Return how long an effect took, which its outcome says."""
    lasted = event.data.get("duration_s") if event.type == _OUTCOME else None
    return int(lasted * _NS) if isinstance(lasted, float | int) else 0


def _status(event: Event) -> Status:
    if event.type != _OUTCOME:
        return Status(StatusCode.UNSET)
    if event.data.get("outcome") in _WELL:
        return Status(StatusCode.OK)
    return Status(StatusCode.ERROR, str(event.data.get("detail", "")))
