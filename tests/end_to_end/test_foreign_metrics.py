"""Metrics of programs that know nothing of Homeostat, in a running installation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from tests.end_to_end.harness import Installation
from tests.prometheus import needs_prometheus, prometheus


@pytest.fixture
def instrumented(homeostat: Installation) -> Iterator[MeterProvider]:
    """Give the SDK as a program would set it up; it exports when it is told to."""
    exporter = OTLPMetricExporter(
        f"http://127.0.0.1:{homeostat.api_port}/v1/metrics",
        headers={"Authorization": f"Bearer {(homeostat.home / 'token').read_text().strip()}"},
        compression=Compression.Gzip,
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    resource = Resource.create(
        {"service.name": "cart", "host.name": "alpha", "service.version": "2.1"}
    )
    provider = MeterProvider([reader], resource)
    yield provider
    provider.shutdown()


def test_what_an_sdk_exports_is_an_agent_with_rates_and_percentiles(homeostat, instrumented):
    meter = instrumented.get_meter("test")
    orders = meter.create_counter("orders", unit="{order}")
    bounds = [0.01, 0.025, 0.1]
    took = meter.create_histogram(
        "order.duration", unit="s", explicit_bucket_boundaries_advisory=bounds
    )
    waiting = meter.create_up_down_counter("orders.waiting")

    def work() -> None:
        for _ in range(100):
            orders.add(1, {"kind": "book"})
            took.record(0.02)
        waiting.add(3)
        assert instrumented.force_flush()

    work()
    work()
    wanted = {
        "orders_per_s:kind-book", "order.duration_count_per_s", "order.duration_seconds_mean",
        "order.duration_seconds_p95", "orders.waiting",
    }  # fmt: skip

    def measured() -> dict[str, float] | None:
        agent = homeostat.get("/agents/cart@alpha")
        metrics = {} if agent is None else agent["metrics"]
        return metrics if wanted <= metrics.keys() else None

    found = homeostat.wait_for(measured, "metrics of the SDK")
    assert found["orders.waiting"] == 6
    assert found["orders_per_s:kind-book"] > 0
    assert found["order.duration_seconds_mean"] == pytest.approx(0.02)
    assert 0.01 <= found["order.duration_seconds_p95"] <= 0.025
    agent = homeostat.get("/agents/cart@alpha")
    assert (agent["agent_type"], agent["labels"]) == (
        "service",
        {"host": "alpha", "version": "2.1"},
    )


WANTED = (
    "prometheus_http_requests_total|prometheus_http_response_size_bytes.*|"
    "prometheus_tsdb_head_series|up"
)
"""A server has more series of its own than an agent may have metrics."""


@needs_prometheus
def test_what_a_prometheus_server_writes_is_an_agent_for_each_job_and_instance(homeostat, tmp_path):
    keep = {"source_labels": ["__name__"], "regex": WANTED, "action": "keep"}
    write = {
        "url": f"http://127.0.0.1:{homeostat.api_port}/api/v1/write",
        "authorization": {"credentials_file": str(homeostat.home / "token")},
        "write_relabel_configs": [keep],
        "queue_config": {"batch_send_deadline": "200ms"},
        "metadata_config": {"send_interval": "300ms"},
    }
    scraped = "handler-/metrics"
    wanted = {
        "reported_up", "prometheus_tsdb_head_series",
        f"prometheus_http_requests_per_s:code-200:{scraped}",
        f"prometheus_http_response_size_bytes_p95:{scraped}",
        f"prometheus_http_response_size_bytes_mean:{scraped}",
    }  # fmt: skip
    with prometheus(tmp_path, remote_write=[write]) as address:

        def measured() -> dict[str, float] | None:
            agent = homeostat.get(f"/agents/prometheus@{address}")
            metrics = {} if agent is None else agent["metrics"]
            there = wanted <= metrics.keys() and metrics["reported_up"] == 1
            return metrics if there else None

        found = homeostat.wait_for(measured, "metrics written by Prometheus")
    assert found["prometheus_tsdb_head_series"] > 100
    assert found[f"prometheus_http_requests_per_s:code-200:{scraped}"] > 0
    assert found[f"prometheus_http_response_size_bytes_mean:{scraped}"] > 1000


def test_the_installations_own_broker_is_an_agent(homeostat):
    def measured() -> dict[str, Any] | None:
        agent = homeostat.get("/agents/kafka")
        return agent if agent and agent["metrics"].get("source_up") == 1 else None

    agent = homeostat.wait_for(measured, "agent of the broker")
    assert agent["agent_type"] == "kafka"
    assert agent["labels"]["measured_from"] == "this-host"
    assert agent["metrics"]["partitions"] > 10
    assert agent["metrics"]["under_replicated_partitions"] == 0
    assert agent["metrics"]["log_size_bytes:telemetry"] > 0
