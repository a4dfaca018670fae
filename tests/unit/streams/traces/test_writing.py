"""What is marked and told: events that belong to something, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode

from processors.step import Context, Sealer
from streams.contracts.envelope import Event, outgoing
from streams.contracts.record import Outgoing, Record
from streams.traces.caller import CALLER, Caller
from streams.traces.naming import TRACEPARENT, SpanId, parent_of, read, span_of
from streams.traces.tracer import Tracer
from streams.traces.work import Work
from tests.properties.loop import Loop


class Kept(SpanExporter):
    """An exporter that keeps what it is given."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans):
        self.spans += spans
        return SpanExportResult.SUCCESS


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def tracer(kept: Kept) -> Tracer:
    return Tracer(SimpleSpanProcessor(kept))


def event(identity: str, **changes: object) -> Event:
    given = {
        "source": "/steps/decision", "type": "action.proposed", "subject": "default/web",
        "time": "2026-01-01T00:00:00Z", "tenant": "default", "data": {}, "dataschema": "/s/1",
        "correlationid": "finding-1",
    }  # fmt: skip
    return Event(id=identity, **given | changes)


def traceparent(record: Outgoing) -> str:
    return dict(record.headers)[TRACEPARENT].decode()


def test_an_event_of_several_topics_is_one_span(kept: Kept, tracer: Tracer) -> None:
    one = event("one")
    writing = tracer.begin([outgoing(one, "actions"), outgoing(one, "governance", 0)])
    assert kept.spans == []
    writing.end()
    (span,) = kept.spans
    assert {traceparent(record) for record in writing.records} == {str(span_of(one))}
    assert (span.context.trace_id, span.context.span_id) == span_of(one)
    assert [record.value for record in writing.records] == [outgoing(one, "x").value] * 2


@pytest.mark.parametrize(
    "record",
    [
        Outgoing("telemetry", b"k", b'{"agent_id":"a","metrics":{}}'),
        Outgoing("telemetry", b"k", b'{"agent_id":"a","metrics":{"\\"correlationid\\":":1}}'),
        outgoing(event("alone", correlationid=""), "fleet"),
        outgoing(event("book"), "audit"),
        outgoing(event("claim"), "requests"),
    ],
    ids=["telemetry", "telemetry that looks like it", "an event alone", "audit", "requests"],
)
def test_what_belongs_to_nothing_is_left_as_it_is(kept: Kept, tracer: Tracer, record) -> None:
    writing = tracer.begin([record])
    writing.end()
    assert writing.records == [record]
    assert kept.spans == []


def folded(offset: int, headers: tuple[tuple[str, bytes], ...] = ()) -> Record:
    return Record("decisions", 0, offset, 0.0, None, b"", headers)


def test_a_steps_event_is_the_child_of_the_record_that_it_was_folded_from(
    kept: Kept, tracer: Tracer
) -> None:
    before = event("raised", type="finding.raised")
    mark = ((TRACEPARENT, str(span_of(before)).encode()),)
    work = Work(7, [folded(3), folded(4, mark), folded(9)])
    for position in ("decisions/0/4/0", "decisions/0/9/0", "decisions/0/5/0"):
        tracer.begin([outgoing(event(position, position=position), "actions")], work).end()
    assert [span.parent.span_id for span in kept.spans] == [span_of(before).span] * 3
    assert {span.start_time for span in kept.spans} == {7}
    other = event("elsewhere", position="decisions/0/4/0", correlationid="finding-2")
    tracer.begin([outgoing(other, "actions")], work).end()
    (link,) = kept.spans[-1].links
    assert (link.context.trace_id, link.context.span_id) == span_of(before)
    assert kept.spans[-1].parent.trace_id == span_of(other).trace


def test_an_executors_event_is_the_child_of_its_command() -> None:
    command = event("command")
    report = event("report", source="/executors/alpha", causationid="command")
    assert parent_of(report, None) == span_of(command)


def test_a_request_begins_a_trace_and_names_its_senders(kept: Kept, tracer: Tracer) -> None:
    sender = SpanId(5, 6)
    token = CALLER.set(Caller(11, sender))
    try:
        asked = event("asked", source="/api", correlationid="asked", type="action.requested")
        tracer.begin([outgoing(asked, "actions")]).end()
    finally:
        CALLER.reset(token)
    (span,) = kept.spans
    assert (span.parent, span.start_time) == (None, 11)
    assert [(link.context.trace_id, link.context.span_id) for link in span.links] == [sender]


@pytest.mark.parametrize(
    ("outcome", "status"), [("succeeded", StatusCode.OK), ("failed", StatusCode.ERROR)]
)
def test_an_outcome_is_as_long_and_as_good_as_the_effect(
    kept: Kept, tracer: Tracer, outcome: str, status: StatusCode
) -> None:
    data = {"outcome": outcome, "duration_s": 2.5, "detail": "it is down"}
    finished = event("f", type="action.finished", source="/executors/a", data=data)
    tracer.begin([outgoing(finished, "actions")]).end()
    (span,) = kept.spans
    assert span.end_time - span.start_time == 2_500_000_000
    assert span.status.status_code is status


@pytest.mark.parametrize(
    "header", ["", "00", "ff-" + "1" * 32 + "-" + "1" * 16 + "-01", "00-" + "0" * 32 + "-1-01", "é"]
)
def test_what_is_no_traceparent_is_none(header: str) -> None:
    assert read(header) is None


def test_a_marked_log_is_folded_to_the_same_bytes(tracer: Tracer) -> None:
    """Headers are outside of the fold: with traces on, each step writes what it wrote without."""
    loop = Loop()
    for number in range(3):
        loop.down(f"s{number}", f"f{number}", group="shop")
        loop.pump()
    loop.finish(loop.commands()[0], "failed")
    loop.tick(12)
    read = []
    for worker in loop.workers():
        place = (worker.step.inbox.name, worker.context.partition)
        plain, context = loop.logs.get(place, []), worker.context
        marked = [_marked(tracer, record) for record in plain]
        read += marked
        assert _folded(worker.step, context, marked) == _folded(worker.step, context, plain)
    assert len([record for record in read if record.header(TRACEPARENT)]) > 3


def _marked(tracer: Tracer, record: Record) -> Record:
    sent = Outgoing(record.topic, record.key, record.value or b"", tuple(record.headers))
    return record._replace(headers=tracer.begin([sent]).records[0].headers)


def _folded(step, context: Context, records: list[Record]) -> tuple[list[Outgoing], bytes]:
    state = step.initial(context)
    return Sealer(step.name, context).seal(step.apply(state, records)), step.dump(state)


def test_without_an_endpoint_nothing_of_it_is_imported() -> None:
    """The web framework brings the bare interface; the SDK and its thread are not there."""
    code = (
        "import sys, api.server, processors.runtime.worker, processors.executors.node\n"
        "from streams.kafka.connection import Connection\n"
        "from streams.kafka.publisher import Publisher\n"
        "Publisher(Connection('127.0.0.1:1'))\n"
        "ours = ('opentelemetry.sdk', 'opentelemetry.exporter', 'streams.traces.tracer')\n"
        "print([name for name in sys.modules if name.startswith(ours)])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
