"""Watches the sources that the configuration declares, each by itself.

What a kind of source needs is imported where one is declared: a node without any holds nothing.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from typing import Any, Final

from config.sources import (
    KafkaSource,
    OllamaSource,
    PostgresqlSource,
    PrometheusSource,
    RedisSource,
    Source,
    Sources,
)
from streams.kafka.connection import Connection
from streams.producers.sources.sensor import Sensor, Tell, watch

OWN_KAFKA: Source = Source(name="kafka", interval_s=30.0, timeout_s=10.0)
WORKERS: Final = "homeostat"
"""The workers' own group shows where their snapshots are; each of them tells of its lag itself."""
GPU: Source = Source(name="gpu", interval_s=15.0, timeout_s=10.0)


def watches(
    sources: Sources, connection: Connection, tell: Tell, host: str
) -> Iterator[Coroutine[Any, Any, None]]:
    """Give the coroutines that watch `sources`, for ever.

    Parameters
    ----------
    connection : Connection
        To the installation's own broker.
    tell : callable
        Takes what was found.
    host : str
        From where it is looked.
    """
    for source in sources.named:
        yield watch(sensor_of(source), source.interval_s, source.timeout_s, tell, host)
    if sources.own_kafka:
        yield watch(_own_kafka(connection), OWN_KAFKA.interval_s, OWN_KAFKA.timeout_s, tell, host)
    if sources.gpu:
        from streams.producers.sources.gpu import GpuSensor

        yield watch(GpuSensor(host), GPU.interval_s, GPU.timeout_s, tell, host)


def sensor_of(source: Source) -> Sensor:
    """Return what asks `source`."""
    if isinstance(source, PrometheusSource):
        return _prometheus(source)
    if isinstance(source, KafkaSource):
        return _kafka(source)
    if isinstance(source, PostgresqlSource):
        from streams.producers.sources.postgresql import PostgresqlSensor

        return PostgresqlSensor(source.name, source.dsn, source.password_file, source.slow_ms)
    if isinstance(source, OllamaSource):
        from streams.producers.sources.ollama import OllamaSensor

        return OllamaSensor(source.name, source.url)
    if isinstance(source, RedisSource):
        from streams.producers.sources.redis import RedisSensor

        return RedisSensor(source.name, source.address, source.username, source.password_file)
    raise TypeError(f"nothing asks a {type(source).__name__}")


def _prometheus(source: PrometheusSource) -> Sensor:
    from streams.producers.prometheus.scrape import PrometheusSensor, Scraped
    from streams.producers.sources.access import Access

    return PrometheusSensor(
        source.name,
        source.url,
        Scraped(source.metrics, source.labels),
        kind=source.agent_type,
        labels=source.agent_labels,
        access=Access(source.token_file, source.username, source.password_file, source.ca_file),
    )


def _kafka(source: KafkaSource) -> Sensor:
    from streams.producers.sources.kafka import KafkaSensor

    def connect() -> Connection:
        secret = source.password_file
        return Connection(
            source.bootstrap,
            source.security,
            source.sasl_mechanism,
            source.username,
            None if secret is None else secret.read_text(encoding="utf-8").strip(),
            source.ca_file,
        )

    return KafkaSensor(source.name, connect, source.groups)


def _own_kafka(connection: Connection) -> Sensor:
    from streams.producers.sources.kafka import KafkaSensor

    return KafkaSensor(OWN_KAFKA.name, lambda: connection, ["*"], without={WORKERS})
