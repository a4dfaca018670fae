"""Declared sources: unique, complete, and named where they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import Settings, SettingsError
from config.sources import KafkaSource, Sources
from processors.executors.sources import WORKERS, sensor_of
from processors.runtime.member import GROUP


def declared(tmp_path: Path, text: str) -> Sources:
    file = tmp_path / "config.yaml"
    file.write_text(f"sources:\n{text}")
    return Settings(home=tmp_path, config=file).configuration().sources


EVERY = """
  prometheus:
    - {name: node, url: "http://127.0.0.1:9100/metrics", metrics: [node_load1], interval_s: 5}
  kafka: [{name: orders, bootstrap: "a:9092,b:9092", groups: ["shop*"]}]
  postgresql: [{name: db, dsn: "postgresql://reader@db/shop"}]
  ollama: [{name: models, url: "http://127.0.0.1:11434"}]
  redis: [{name: cache, address: "127.0.0.1:6379"}]
"""


def test_each_declared_source_has_a_sensor_of_its_name(tmp_path):
    sources = declared(tmp_path, EVERY)
    sensors = [sensor_of(source) for source in sources.named]
    assert [sensor.name for sensor in sensors] == ["node", "orders", "db", "models", "cache"]
    kinds = ["service", "kafka", "database", "model_server", "cache"]
    assert [sensor.kind for sensor in sensors] == kinds
    assert [sensor.alive for sensor in sensors] == ["up", *["source_up"] * 4]


def test_nothing_but_the_own_broker_is_asked_unless_it_is_declared():
    assert Sources().named == []
    assert (Sources().own_kafka, Sources().gpu) == (True, False)


def test_the_group_that_is_left_out_is_the_workers_own():
    assert WORKERS == GROUP


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ("  redis: [{name: a, address: 'h:1'}, {name: a, address: 'h:2'}]", "sources", "twice: a"),
        ("  redis: [{name: a, address: nowhere}]", "redis.0.address", "pattern"),
        ("  ollama: [{name: a, url: 'ftp://x'}]", "ollama.0.url", "pattern"),
        ("  ollama: [{name: a, url: 'http://x', every: 5}]", "ollama.0.every", "no known key"),
        ("  prometheus: [{name: 'a/b', url: 'http://x'}]", "prometheus.0.name", "pattern"),
        ("  kafka: [{name: a, bootstrap: 'h:1', security: SASL_SSL}]", "kafka.0", "password_file"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, key, told):
    with pytest.raises(SettingsError, match=told) as wrong:
        declared(tmp_path, text)
    assert key in str(wrong.value)


def test_a_source_is_no_service(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(
        "services: [{name: a, command: [x]}]\n"
        "sources: {ollama: [{name: a, url: 'http://127.0.0.1:1'}]}\n"
    )
    with pytest.raises(SettingsError, match="twice: a"):
        Settings(home=tmp_path, config=file).configuration()


def test_a_cluster_may_ask_who_looks(tmp_path):
    secret = tmp_path / "password"
    secret.write_text("p\n")
    source = KafkaSource(
        name="k", bootstrap="h:1", security="SASL_PLAINTEXT", username="u", password_file=secret
    )
    assert sensor_of(source).name == "k"
