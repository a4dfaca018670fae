"""A small OpenTelemetry collector: takes spans by OTLP over HTTP, and keeps them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(frozen=True)
class Told:
    """One span as it arrived."""

    trace: str
    span: str
    parent: str
    name: str
    lasted_ns: int
    links: tuple[str, ...]
    status: int
    attributes: dict[str, str]


class Collector:
    """Where the spans are; `wait` returns once some of them are as wanted."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._spans: dict[tuple[str, str], Told] = {}
        self._lock = threading.Lock()

    def take(self, body: bytes) -> None:
        """Keep what one request brings; a span that comes twice is one."""
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    told = _told(span)
                    with self._lock:
                        self._spans[told.trace, told.span] = told

    def spans(self) -> list[Told]:
        """Return every span that has come."""
        with self._lock:
            return list(self._spans.values())


def _told(span: Span) -> Told:
    return Told(
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.name,
        span.end_time_unix_nano - span.start_time_unix_nano,
        tuple(f"{link.trace_id.hex()}-{link.span_id.hex()}" for link in span.links),
        span.status.code,
        {each.key: each.value.string_value for each in span.attributes},
    )


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            known = self.path == "/v1/traces"
            if known:
                collector.take(body)
            self.send_response(200 if known else 404)
            self.send_header("content-type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
