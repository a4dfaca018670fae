"""One healing is one trace, from the finding to its end, and traces change nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from streams.contracts.envelope import decode_event
from streams.contracts.topics import ACTIONS, COMMANDS, DECISIONS, FINDINGS, GOVERNANCE
from streams.contracts.trust import RecordKind
from streams.traces.naming import span_of
from tests.end_to_end.collector import Collector, Told, collecting
from tests.end_to_end.harness import PATIENCE_S, Installation, read_all

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Traced(Installation):
    """An installation that tells a collector what it does."""

    def __init__(self, home: Path, collector: Collector) -> None:
        self.environment = {"HOMEOSTAT_OTLP_ENDPOINT": collector.endpoint}
        super().__init__(home)


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory, collector) -> Iterator[Traced]:
    installation = Traced(tmp_path_factory.mktemp("traced"), collector)
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()


def trace_of(collector: Collector, correlation: str) -> dict[str, Told]:
    """Return the spans of what belongs together, by their ids; they are one trace."""
    told = collector.spans()
    of_it = [span for span in told if span.attributes["homeostat.correlation.id"] == correlation]
    assert len({span.trace for span in of_it}) <= 1
    return {span.span: span for span in of_it}


def called(spans: dict[str, Told], name: str) -> Told:
    """Return the one span of this name."""
    (found,) = [span for span in spans.values() if span.name == name]
    return found


def complete(spans: dict[str, Told], names: set[str]) -> bool:
    """Say whether spans of these names have come, and what each of all of them followed on."""
    there = {span.name for span in spans.values()}
    return names <= there and all(each.parent in {"", *spans} for each in spans.values())


@pytest.fixture(scope="module")
def healing(traced: Traced, collector: Collector) -> tuple[str, dict[str, Told]]:
    """Kill the service; return the finding's id and all spans of its trace once it is over."""
    known = traced.settled()
    os.kill(traced.wait_for(traced.service_pid, "service"), signal.SIGKILL)
    (finding,) = traced.settled(known) - known
    whole = {"finding.ended", "action.finished", "action.concluded", "action.verified"}

    def story() -> dict[str, Told] | None:
        spans = trace_of(collector, finding)
        return spans if complete(spans, whole) else None

    return finding, traced.wait_for(story, "whole trace")


def lineage(spans: dict[str, Told], name: str) -> list[str]:
    """Return the names from a span up to the root of its trace."""
    found = [called(spans, name)]
    while found[-1].parent:
        found.append(spans[found[-1].parent])
    return [span.name for span in found]


def test_one_healing_is_one_trace_from_the_finding_to_the_outcome(healing) -> None:
    _, spans = healing
    path = ["action.finished", "service.restart", "action.proposed", "finding.raised"]
    assert lineage(spans, "action.concluded") == ["action.concluded", *path]
    for span in spans.values():
        assert lineage(spans, span.name)[-1] == "finding.raised", span.name
    finished = called(spans, "action.finished")
    assert finished.status == Status.STATUS_CODE_OK
    assert finished.lasted_ns > 0
    sources = {span.attributes["homeostat.source"] for span in spans.values()}
    assert {"/steps/surveillance", "/steps/decision", "/steps/governor"} < sources
    assert "/executors/this-host" in sources


def test_records_say_their_spans_in_a_header(traced: Traced, collector, healing) -> None:
    finding_id, _ = healing
    topics = [topic.name for topic in (FINDINGS, DECISIONS, GOVERNANCE, ACTIONS, COMMANDS)]
    told: set[str] = set()
    for record in asyncio.run(read_all(traced.connection, topics)):
        if traced.signer.kind_of(record) is not RecordKind.EVENT:
            continue
        event = decode_event(record.value)
        if event.correlationid == finding_id:
            header = (record.header("traceparent") or b"").decode()
            assert header == str(span_of(event))
            told.add(header.split("-")[2])
    traced.wait_for(lambda: trace_of(collector, finding_id).keys() == told, "all that was written")


def test_a_request_is_linked_to_what_its_sender_traces(traced: Traced, collector: Collector):
    token = (traced.home / "token").read_text(encoding="ascii").strip()
    asked = httpx.post(
        f"http://127.0.0.1:{traced.api_port}/api/v1/actions",
        headers={"Authorization": f"Bearer {token}", "traceparent": CALLER},
        json={"action": "service.restart", "target": "web", "parameters": {}},
        timeout=PATIENCE_S,
    )
    assert asked.status_code == 202

    def requested() -> dict[str, Told] | None:
        spans = trace_of(collector, asked.json()["event_id"])
        return spans if complete(spans, {"action.requested", "action.proposed"}) else None

    spans = traced.wait_for(requested, "trace of a request")
    request = called(spans, "action.requested")
    assert (request.parent, request.links) == ("", (CALLER[3:52],))
    assert called(spans, "action.proposed").parent == request.span


def test_a_replay_decides_the_same_with_traces_on(traced: Traced, healing) -> None:
    verified = traced.command("replay", "--verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
