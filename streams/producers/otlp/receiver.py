"""Requests of OTLP/HTTP, read and made into heartbeats; the API serves it.

The generated types are imported with the first request: an API that nobody sends any to does not
hold them in memory.
"""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import Any, Final

from streams.producers.otlp.points import attributes_of, values_of
from streams.producers.otlp.resources import agent_of
from streams.producers.series.counters import Counters
from streams.producers.series.gathering import Admitted, Gathering
from streams.producers.series.reading import Read, Undecodable

NAMELESS: Final = "a resource names no service.name and no host.name"
JSON: Final = "application/json"
PROTOBUF: Final = "application/x-protobuf"


class OtlpReceiver:
    """Remembers what was read of each counter; one for an API process.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._counters = Counters()
        self._admitted = Admitted()
        self._one_at_a_time = Lock()

    def read(self, body: bytes, media_type: str, tenant: str) -> Read:
        """Return what an ``ExportMetricsServiceRequest`` says of the agents of `tenant`.

        Raises
        ------
        Undecodable
            If it cannot be read.
        """
        request = _decoded(body, media_type)
        with self._one_at_a_time:
            gathering = Gathering(tenant, self._admitted)
            for each in request.resource_metrics:
                self._resource(each, gathering, tenant)
            return Read(gathering.heartbeats(), gathering.left_out)

    def _resource(self, measured: Any, gathering: Gathering, tenant: str) -> None:
        attributes = dict(attributes_of(measured.resource))
        agent = agent_of(attributes)
        if agent is None:
            gathering.left_out[NAMELESS] += sum(
                len(getattr(metric, metric.WhichOneof("data") or "gauge").data_points)
                for scope in measured.scope_metrics
                for metric in scope.metrics
            )
            return
        gathering.describe(*agent)
        process = attributes.get("service.instance.id", "")
        for scope in measured.scope_metrics:
            key = f"{tenant}/{agent.id}\n{process}\n{scope.scope.name}"
            for metric in scope.metrics:
                for at, (name, value) in values_of(key, metric, self._counters):
                    gathering.add(agent.id, name, value, at)


def _decoded(body: bytes, media_type: str) -> Any:
    from google.protobuf.json_format import Parse, ParseError
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,
    )

    try:
        if media_type == PROTOBUF:
            return ExportMetricsServiceRequest.FromString(body)
        if body.lstrip()[:1] != b"{":
            raise Undecodable("the body is no JSON object")
        return Parse(body, ExportMetricsServiceRequest(), ignore_unknown_fields=True)
    except (DecodeError, ParseError, UnicodeDecodeError, RecursionError) as error:
        raise Undecodable(f"the body is no ExportMetricsServiceRequest: {error}") from error


def answer(left_out: Counter[str], media_type: str) -> bytes:
    """Return an ``ExportMetricsServiceResponse`` that says what was not taken, if anything."""
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceResponse,
    )

    said = ExportMetricsServiceResponse()
    if left_out:
        said.partial_success.rejected_data_points = left_out.total()
        reasons = (f"{count} points: {why}" for why, count in sorted(left_out.items()))
        said.partial_success.error_message = "; ".join(reasons)
    return _spelt(said, media_type)


def refusal(code: int, message: str, media_type: str) -> bytes:
    """Return a ``google.rpc.Status``, with which OTLP answers every failure."""
    from google.rpc.status_pb2 import Status

    said = Status(code=code, message=message)
    return _spelt(said, media_type)


def _spelt(message: Any, media_type: str) -> bytes:
    from google.protobuf.json_format import MessageToJson

    return bytes(
        message.SerializeToString() if media_type == PROTOBUF else MessageToJson(message).encode()
    )
