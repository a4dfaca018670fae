"""Every kind of metric of OTLP, in both encodings, as the heartbeats that it becomes."""

from __future__ import annotations

import json

import pytest
from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from streams.producers.otlp.receiver import JSON, NAMELESS, PROTOBUF, OtlpReceiver, answer
from streams.producers.series.reading import Undecodable

T0 = 1_700_000_000
S = 10**9
CUMULATIVE, DELTA = 2, 1


def request(*metrics: Metric, **resource: str) -> ExportMetricsServiceRequest:
    made = ExportMetricsServiceRequest()
    measured = made.resource_metrics.add()
    for key, value in (resource or {"service.name": "cart"}).items():
        measured.resource.attributes.add(key=key).value.string_value = value
    measured.scope_metrics.add().metrics.extend(metrics)
    return made


def told(receiver: OtlpReceiver, *metrics: Metric) -> dict[str, float]:
    read = receiver.read(request(*metrics).SerializeToString(), PROTOBUF, "default")
    assert not read.left_out
    (beat,) = read.heartbeats or [None]
    return {} if beat is None else beat.metrics


def counter(value: int, at: int, start: int = T0, temporality: int = CUMULATIVE) -> Metric:
    metric = Metric(name="jobs", unit="{job}")
    metric.sum.aggregation_temporality, metric.sum.is_monotonic = temporality, True
    point = metric.sum.data_points.add(
        time_unix_nano=at * S, start_time_unix_nano=start * S, as_int=value
    )
    point.attributes.add(key="queue").value.string_value = "mail"
    return metric


def histogram(counts: list[int], total: float, at: int, temporality: int) -> Metric:
    metric = Metric(name="http.server.request.duration", unit="s")
    metric.histogram.aggregation_temporality = temporality
    metric.histogram.data_points.add(
        time_unix_nano=at * S, start_time_unix_nano=T0 * S, count=sum(counts), sum=total,
        bucket_counts=counts, explicit_bounds=[0.1, 0.2, 0.4],
    )  # fmt: skip
    return metric


def test_gauges_keep_name_unit_and_attributes():
    metric = Metric(name="system.memory.usage", unit="By")
    point = metric.gauge.data_points.add(time_unix_nano=T0 * S, as_double=1.5)
    point.attributes.add(key="state").value.string_value = "used"
    point.attributes.add(key="numa").value.int_value = 0
    metric.gauge.data_points.add(time_unix_nano=T0 * S, flags=1)  # an ended series
    assert told(OtlpReceiver(), metric) == {"system.memory.usage_bytes:numa-0:state-used": 1.5}


def test_a_counter_is_a_rate_from_its_second_reading_on():
    receiver = OtlpReceiver()
    assert told(receiver, counter(10, T0 + 10)) == {}
    assert told(receiver, counter(60, T0 + 20)) == {"jobs_per_s:queue-mail": 5.0}
    restarted = counter(8, T0 + 30, start=T0 + 28)
    assert told(receiver, restarted) == {"jobs_per_s:queue-mail": 4.0}


def test_a_delta_needs_no_reading_before():
    metric = counter(30, T0 + 10, temporality=DELTA)
    assert told(OtlpReceiver(), metric) == {"jobs_per_s:queue-mail": 3.0}


def test_a_sum_that_may_fall_is_a_level():
    metric = Metric(name="connections")
    metric.sum.aggregation_temporality = CUMULATIVE
    metric.sum.data_points.add(time_unix_nano=T0 * S, as_int=-3)
    assert told(OtlpReceiver(), metric) == {"connections": -3.0}


@pytest.mark.parametrize("temporality", [CUMULATIVE, DELTA])
def test_a_histogram_is_count_mean_and_percentile_of_what_came_since(temporality):
    receiver = OtlpReceiver()
    if temporality == CUMULATIVE:
        assert told(receiver, histogram([100, 0, 0, 0], 1.0, T0 + 10, CUMULATIVE)) == {}
        late = histogram([100, 90, 10, 0], 21.0, T0 + 20, CUMULATIVE)
    else:
        late = histogram([0, 90, 10, 0], 20.0, T0 + 10, DELTA)
    assert told(receiver, late) == pytest.approx(
        {
            "http.server.request.duration_count_per_s": 10.0,
            "http.server.request.duration_seconds_mean": 0.2,
            "http.server.request.duration_seconds_p95": 0.3,
        }
    )


def test_an_exponential_histogram_survives_buckets_that_merge():
    def metric(scale: int, counts: list[int], at: int) -> Metric:
        made = Metric(name="size", unit="By")
        made.exponential_histogram.aggregation_temporality = CUMULATIVE
        point = made.exponential_histogram.data_points.add(
            time_unix_nano=at * S, start_time_unix_nano=T0 * S,
            count=sum(counts), sum=3.0 * sum(counts), scale=scale,
        )  # fmt: skip
        point.positive.offset = 0
        point.positive.bucket_counts.extend(counts)
        return made

    receiver = OtlpReceiver()
    told(receiver, metric(0, [0, 10], T0 + 10))
    known = told(receiver, metric(0, [0, 30], T0 + 20))
    assert known == pytest.approx(
        {"size_count_per_s": 2.0, "size_bytes_mean": 3.0, "size_bytes_p95": 2 ** (1 + 0.95)}
    )
    merged = told(receiver, metric(-1, [40], T0 + 30))
    assert merged == pytest.approx({"size_count_per_s": 1.0, "size_bytes_mean": 3.0})


def test_a_summary_gives_its_quantiles():
    metric = Metric(name="rpc", unit="ms")
    point = metric.summary.data_points.add(time_unix_nano=T0 * S, count=5, sum=10.0)
    point.quantile_values.add(quantile=0.999, value=7.0)
    assert told(OtlpReceiver(), metric) == {"rpc_milliseconds_p99.9": 7.0}


def test_json_says_the_same():
    metrics = counter(30, T0 + 10, temporality=DELTA), histogram([1, 0, 0, 0], 1, T0 + 10, DELTA)
    body = json.loads(MessageToJson(request(*metrics)))
    body["resourceMetrics"][0]["anything new"] = {"is": "ignored"}
    # Exporters give enumerations as numbers, and 64 bits as text or as numbers.
    data = body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["sum"]
    data["aggregationTemporality"] = DELTA
    data["dataPoints"][0]["asInt"] = 30
    data["dataPoints"][0]["exemplars"] = [
        {"asInt": "1", "traceId": "0af7651916cd43dd8448eb211c80319c"}
    ]
    read = OtlpReceiver().read(json.dumps(body).encode(), JSON, "default")
    binary = OtlpReceiver().read(request(*metrics).SerializeToString(), PROTOBUF, "default")
    assert read == binary
    assert read.heartbeats[0].agent_id == "cart"


def test_processes_of_one_agent_do_not_reset_each_others_counters():
    receiver = OtlpReceiver()
    ids = ["2a9a9d2e-5d3f-4a0e-9d3c-0b5ab1f9d5a1", "5cf0f7ee-5e58-4d1f-a3b4-6ad0a34d5a53"]

    def read(instance: str, value: int, at: int) -> list[float]:
        resource = {"service.name": "cart", "service.instance.id": instance}
        body = request(counter(value, at, start=0), **resource).SerializeToString()
        return [
            next(iter(h.metrics.values())) for h in receiver.read(body, PROTOBUF, "t").heartbeats
        ]

    assert [read(ids[0], 1000, T0), read(ids[1], 10, T0)] == [[], []]
    assert [read(ids[0], 1010, T0 + 10), read(ids[1], 30, T0 + 10)] == [[1.0], [2.0]]


def test_what_names_nobody_is_counted():
    made = request(counter(1, T0 + 1, temporality=DELTA), **{"telemetry.sdk.name": "x"})
    read = OtlpReceiver().read(made.SerializeToString(), PROTOBUF, "default")
    assert (read.heartbeats, read.left_out) == ([], {NAMELESS: 1})
    said = ExportMetricsServiceResponse.FromString(answer(read.left_out, PROTOBUF))
    assert said.partial_success.rejected_data_points == 1
    assert NAMELESS in said.partial_success.error_message
    assert answer(OtlpReceiver().read(b"", PROTOBUF, "t").left_out, PROTOBUF) == b""
    assert json.loads(answer(read.left_out, JSON))["partialSuccess"]["rejectedDataPoints"] == "1"


@pytest.mark.parametrize(
    ("body", "media_type"),
    [(b"\xff\xff", PROTOBUF), (b"{", JSON), (b"[]", JSON), (b"\xff", JSON),
     (b'{"resourceMetrics": 1}', JSON), (b"[" * 100_000, JSON)],
)  # fmt: skip
def test_what_cannot_be_read_is_said(body, media_type):
    with pytest.raises(Undecodable):
        OtlpReceiver().read(body, media_type, "default")
