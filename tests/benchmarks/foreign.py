"""Data points of other protocols a second of processor time, from a request's body to heartbeats.

``python -m tests.benchmarks.foreign``. What follows, writing heartbeats, is measured by the others.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

from cramjam import snappy
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from streams.producers.otlp.receiver import PROTOBUF, OtlpReceiver
from streams.producers.prometheus.exposition import parse
from streams.producers.prometheus.remote_write import RemoteWriteReceiver
from streams.producers.prometheus.scrape import Scraped
from streams.producers.prometheus.wire import messages

T0 = 1_700_000_000
ROUNDS = 20
AGENTS, COUNTERS, GAUGES = 20, 60, 40
BOUNDS = [0.005 * 2**i for i in range(12)]
HISTOGRAMS = 5


def otlp(number: int) -> bytes:
    """Return an export of twenty services: counters, gauges, and histograms of 13 buckets."""
    request = ExportMetricsServiceRequest()
    at, start = (T0 + 10 * number) * 10**9, T0 * 10**9
    for agent in range(AGENTS):
        measured = request.resource_metrics.add()
        for key, value in (("service.name", f"service-{agent}"), ("host.name", "alpha")):
            measured.resource.attributes.add(key=key).value.string_value = value
        metrics = measured.scope_metrics.add().metrics
        for i in range(COUNTERS):
            data = metrics.add(name=f"requests.{i // 10}", unit="{request}").sum
            data.aggregation_temporality, data.is_monotonic = 2, True
            point = data.data_points.add(
                time_unix_nano=at, start_time_unix_nano=start, as_int=number * i
            )
            point.attributes.add(key="http.route").value.string_value = f"/r/{i}"
            point.attributes.add(key="http.request.method").value.string_value = "GET"
        for i in range(GAUGES):
            metrics.add(name=f"level.{i}").gauge.data_points.add(time_unix_nano=at, as_double=i)
        for i in range(HISTOGRAMS):
            histogram = metrics.add(name=f"took.{i}", unit="s").histogram
            histogram.aggregation_temporality = 2
            histogram.data_points.add(
                time_unix_nano=at, start_time_unix_nano=start, count=130 * number, sum=number,
                bucket_counts=[10 * number] * 13, explicit_bounds=BOUNDS,
            )  # fmt: skip
    return request.SerializeToString()


def remote_write(number: int) -> bytes:
    """Return what Prometheus would write of twenty instances, each series with nine labels."""
    wire = messages()
    request = wire.write_request()
    at = (T0 + 10 * number) * 1000
    for agent in range(AGENTS):
        for i in range(COUNTERS + GAUGES):
            series = request.timeseries.add()
            name = f"requests_{i}_total" if i < COUNTERS else f"level_{i}"
            labels = {"__name__": name, "instance": f"host-{agent}:9100", "job": "node"}
            labels |= {f"label_{j}": f"value {i % (j + 2)}" for j in range(6)}
            for key, value in labels.items():
                series.labels.append(wire.label(name=key, value=value).SerializeToString())
            series.samples.add(value=float(number * i), timestamp=at)
    return bytes(snappy.compress_raw(request.SerializeToString()))


def exposition(number: int) -> bytes:
    """Return what an exporter with 2,000 series exposes."""
    lines = ["# TYPE requests counter"]
    lines += [f'requests_total{{code="200",path="/r/{i}"}} {number * i}' for i in range(2000)]
    return "\n".join([*lines, ""]).encode()


def report(what: str, made: list[bytes], points: int, read: Callable[[bytes], object]) -> None:
    """Read all of `made`, and say at which rate; the first ones fill what is remembered."""
    for body in made[:2]:
        read(body)
    gc.collect()
    began = time.process_time()
    for body in made[2:]:
        read(body)
    took = time.process_time() - began
    count = points * (len(made) - 2)
    print(f"{what:14} {count / took:12,.0f} points/s   {1e6 * took / count:6.2f} CPU s a million")


def main() -> None:
    """Measure the three."""
    receiver, writer, scraped = OtlpReceiver(), RemoteWriteReceiver(), Scraped(["*"], {})
    numbers = range(ROUNDS)
    each = AGENTS * (COUNTERS + GAUGES + HISTOGRAMS)
    report("OTLP", [otlp(n) for n in numbers], each, lambda b: receiver.read(b, PROTOBUF, "t"))
    report(
        "remote write", [remote_write(n) for n in numbers], AGENTS * (COUNTERS + GAUGES),
        lambda body: writer.read(bytes(snappy.decompress_raw(body)), "t"),
    )  # fmt: skip
    report(
        "scrape", [exposition(n) for n in numbers], 2000,
        lambda body: scraped.values(parse(body.decode()), time.time()),
    )  # fmt: skip


if __name__ == "__main__":
    main()
